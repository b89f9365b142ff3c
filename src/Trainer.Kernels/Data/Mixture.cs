using System.Runtime.InteropServices;

namespace Trainer.Kernels.Data;

/// <summary>What becomes of a sample and its partner: a weighted sum, or the sample with a box of the partner's pixels. Labels always become a weighted sum.</summary>
/// <param name="Own">What the sample's label counts, in [0, 1].</param>
/// <param name="Partners">What the partner's label counts: 1 - <paramref name="Own"/>, rounded from double.</param>
/// <param name="Box">Of the partner's pixels; null: images are summed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Mixture(float Own, float Partners, PixelBox? Box)
{
    /// <param name="image">(C, H, W)</param>
    /// <param name="own">Planes, as <paramref name="partner"/>'s.</param>
    /// <param name="mixed">Neither of them.</param>
    public void Apply(Shape image, ReadOnlySpan<float> own, ReadOnlySpan<float> partner, Span<float> mixed)
    {
        if (Box is { } box)
        {
            own.CopyTo(mixed);
            for (var row = 0; row < image[0] * image[1]; row++)
            {
                if (row % image[1] >= box.Top && row % image[1] < box.Bottom)
                {
                    var first = (row * image[2]) + box.Left;
                    partner.Slice(first, box.Right - box.Left).CopyTo(mixed[first..]);
                }
            }

            return;
        }

        for (var i = 0; i < own.Length; i++)
        {
            mixed[i] = (partner[i] * Partners) + (own[i] * Own); // Three roundings, as torch's.
        }
    }
}

/// <summary>Pixels from the left and from above, the last ones outside.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PixelBox(int Left, int Top, int Right, int Bottom);
