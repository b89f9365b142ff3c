using System.Numerics;
using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Data;

/// <summary>What happens to each image on its way into a network: resize, then (v - mean) / std per channel; pixels are 0 to 1 before.</summary>
/// <param name="Height">New height; 0 leaves images as they are.</param>
/// <param name="Width">New width.</param>
/// <param name="Mean">One for all channels or one for each; empty: no normalisation.</param>
/// <param name="Std">As many as means.</param>
public sealed record ImageTransform(int Height = 0, int Width = 0, IReadOnlyList<double>? Mean = null, IReadOnlyList<double>? Std = null)
{
    /// <summary>Shape of an image of shape <paramref name="input"/> (C, H, W) behind it.</summary>
    /// <exception cref="ArgumentException">Means and deviations do not fit the channels, or each other.</exception>
    public Shape OutputShape(Shape input)
    {
        var (means, deviations) = (Mean?.Count ?? 0, Std?.Count ?? 0);
        if (means != deviations || (means > 1 && means != input[0]))
        {
            throw new ArgumentException($"normalize has {means} means and {deviations} standard deviations for images of {input[0]} channels; expected 1 or {input[0]} of each.");
        }

        return Height == 0 ? input : new Shape(input[0], Height, Width);
    }

    /// <summary>v -> (v - mean) / std over the planes of an image.</summary>
    internal void Normalize(Span<float> image, int channels)
    {
        if (Mean is not { Count: > 0 })
        {
            return;
        }

        var plane = image.Length / channels;
        for (var c = 0; c < channels; c++)
        {
            var (mean, std) = ((float)Mean[c % Mean.Count], (float)Std![c % Std.Count]);
            Normalize(image.Slice(c * plane, plane), mean, std);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // Vectors of the machine's width are not compiled ahead of time.
    private static void Normalize(Span<float> plane, float mean, float std)
    {
        var i = 0;
        for (; i <= plane.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var values = plane[i..];
            ((new Vector<float>(values) - new Vector<float>(mean)) / new Vector<float>(std)).CopyTo(values);
        }

        for (; i < plane.Length; i++)
        {
            plane[i] = (plane[i] - mean) / std;
        }
    }
}
