using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Normalization;

/// <param name="Saved">May be left out.</param>
internal readonly record struct LocalResponseForward(SampleCells Cells, LocalResponseGeometry G, SampleRows X, ArrayView<float> Saved, SampleRows Y);

internal readonly record struct LocalResponseBackward(
    SampleCells Cells, LocalResponseGeometry G, SampleRows X, SampleRows Dy, ArrayView<float> Saved, GradientSteps Steps, SampleRows Dx);

/// <summary>Normalisation by neighbouring channels, both ways: a thread makes one element. The terms of the gradient's sums are a kernel of their own, in the place of d.</summary>
internal static class LocalResponseKernels
{
    public static readonly Kernel<LocalResponseForward> Forward = Kernel.Of<LocalResponseForward>(ForwardElement);

    public static readonly Kernel<LocalResponseBackward> Terms = Kernel.Of<LocalResponseBackward>(TermOfElement);

    public static readonly Kernel<LocalResponseBackward> Backward = Kernel.Of<LocalResponseBackward>(BackwardElement);

    private static void ForwardElement(LocalResponseForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (channel, pixels) = (element / a.G.Pixels, a.G.Pixels);
        var sum = 0f;
        for (var other = Math.Max(0, channel - a.G.Before); other <= Math.Min(a.G.C - 1, channel + a.G.Behind); other++)
        {
            var value = a.X[sample, element + ((other - channel) * pixels)];
            sum = Exact.Fma(value, value, sum);
        }

        var d = Exact.Fma(a.G.Scale, sum, a.G.K);
        var power = VectorMath<ExactLane, float>.NegativePower(d, a.G.Beta);
        var (y, saved) = (a.Y, a.Saved);
        y[sample, element] = Exact.Multiply(a.X[sample, element], power);
        if (saved.Length > 0)
        {
            var elements = (long)a.G.C * pixels;
            saved[(2 * sample * elements) + element] = power;
            saved[(((2 * sample) + 1) * elements) + element] = d;
        }
    }

    private static void TermOfElement(LocalResponseBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (saved, elements) = (a.Saved, (long)a.G.C * a.G.Pixels);
        var product = Exact.Multiply(Exact.Multiply(a.Dy[sample, element], a.X[sample, element]), saved[(2 * sample * elements) + element]);
        var place = (((2 * sample) + 1) * elements) + element;
        saved[place] = Exact.Divide(product, saved[place]);
    }

    private static void BackwardElement(LocalResponseBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (channel, pixels, elements) = (element / a.G.Pixels, a.G.Pixels, (long)a.G.C * a.G.Pixels);
        var terms = (((2 * sample) + 1) * elements) + element;
        var sum = 0f;
        for (var other = Math.Max(0, channel - a.G.Behind); other <= Math.Min(a.G.C - 1, channel + a.G.Before); other++)
        {
            sum = Exact.Add(sum, a.Saved[terms + ((other - channel) * pixels)]);
        }

        var direct = Exact.Multiply(a.Dy[sample, element], a.Saved[(2 * sample * elements) + element]);
        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(Exact.Fma(Exact.Multiply(-a.G.GradientScale, a.X[sample, element]), sum, direct), sample, element);
    }
}
