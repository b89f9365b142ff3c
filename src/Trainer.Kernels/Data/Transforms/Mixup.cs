namespace Trainer.Kernels.Data.Transforms;

/// <summary>lambda x + (1 - lambda) partner, lambda of Beta(alpha, alpha), one for all samples of a step: torchvision.transforms.v2.MixUp; Zhang et al. 2018 (arXiv:1710.09412).</summary>
/// <param name="Alpha">Above 0: small ones leave samples almost as they are, 1 draws every lambda alike.</param>
public sealed record Mixup(double Alpha) : BatchMix
{
    public override Mixture Of(ulong seed, ulong step, Shape image)
    {
        var draws = new MixDraws(seed, step);
        return Of(draws.Beta(Alpha));
    }

    internal static Mixture Of(double lambda) => new((float)lambda, (float)(1 - lambda), null);
}
