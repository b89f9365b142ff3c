namespace Trainer.Kernels.Data.Transforms;

/// <summary>
/// A box of the partner's pixels in place of the sample's, at one place for all samples of a step: torchvision.transforms.v2.CutMix; Yun et al. 2019 (arXiv:1905.04899). Of
/// Beta(alpha, alpha) is the part that the box would leave; labels count by the pixels that it does leave, as it ends at the edges.
/// </summary>
/// <param name="Alpha">Above 0.</param>
public sealed record CutMix(double Alpha) : BatchMix
{
    public override Mixture Of(ulong seed, ulong step, Shape image)
    {
        var draws = new MixDraws(seed, step);
        var lambda = draws.Beta(Alpha);
        return Of(lambda, draws.Below(image[2]), draws.Below(image[1]), image);
    }

    /// <param name="x">The box's middle; likewise <paramref name="y"/>.</param>
    internal static Mixture Of(double lambda, int x, int y, Shape image)
    {
        var (height, width, half) = (image[1], image[2], 0.5 * Math.Sqrt(1 - lambda));
        var (right, down) = ((int)(half * width), (int)(half * height));
        var box = new PixelBox(Math.Max(0, x - right), Math.Max(0, y - down), Math.Min(width, x + right), Math.Min(height, y + down));
        var left = 1 - ((double)(box.Right - box.Left) * (box.Bottom - box.Top) / ((double)width * height));
        return new Mixture((float)left, (float)(1 - left), box);
    }
}
