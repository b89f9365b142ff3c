namespace Trainer.Kernels.Data.Transforms;

/// <summary>One of several for each step, each as likely as the others: torchvision.transforms.v2.RandomChoice.</summary>
public sealed record MixChoice(IReadOnlyList<BatchMix> Mixes) : BatchMix
{
    public override Mixture Of(ulong seed, ulong step, Shape image) => Mixes[MixDraws.Choose(seed, step, Mixes.Count)].Of(seed, step, image);
}
