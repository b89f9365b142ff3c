using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Elementwise;

internal readonly record struct SlopesForward(SampleCells Cells, FastDivisor Pixels, SampleRows X, ArrayView<float> Slope, SampleRows Y);

/// <param name="Terms">Receives what each element adds to the gradient of its slope.</param>
/// <param name="Dx">May be left out.</param>
internal readonly record struct SlopesBackward(
    SampleCells Cells, FastDivisor Pixels, SampleRows X, SampleRows Dy, ArrayView<float> Slope, SampleRows Terms, GradientSteps Steps, SampleRows Dx);

/// <summary>A leaky relu whose slope is a parameter of the channel. A thread makes one element.</summary>
internal static class SlopeKernels
{
    public static readonly Kernel<SlopesForward> Forward = Kernel.Of<SlopesForward>(ForwardElement);

    public static readonly Kernel<SlopesBackward> Backward = Kernel.Of<SlopesBackward>(BackwardElement);

    private static void ForwardElement(SlopesForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (own, y) = (Activation.LeakyRelu(a.Slope[a.Pixels.Quotient(element)]), a.Y);
        y[sample, element] = LaneActivation<ExactLane, float>.Activate(own, a.X[sample, element]);
    }

    private static void BackwardElement(SlopesBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (x, dy, terms) = (a.X[sample, element], a.Dy[sample, element], a.Terms);
        terms[sample, element] = x > 0 ? 0 : Exact.Multiply(dy, x);
        if (!a.Dx.IsEmpty)
        {
            var (own, dx) = (Activation.LeakyRelu(a.Slope[a.Pixels.Quotient(element)]), a.Dx);
            dx[sample, element] = a.Steps.Apply(LaneActivation<ExactLane, float>.MultiplyDerivativeOfInput(own, x, dy), sample, element);
        }
    }
}
