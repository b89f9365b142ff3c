using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Elementwise;

internal readonly record struct ElementwiseForward(SampleCells Cells, SampleRows X, OutputSteps Steps, SampleRows Y);

/// <param name="Source">y for activations that have a derivative of their output, else x; left out without an activation.</param>
internal readonly record struct ElementwiseBackward(
    SampleCells Cells, Activation Activation, SampleRows Source, SampleRows Dy, GradientSteps Steps, SampleRows Dx);

/// <summary>A thread makes one element.</summary>
internal static class ElementwiseKernels
{
    /// <summary>y = activation(x + addend)</summary>
    public static readonly Kernel<ElementwiseForward> Forward = Kernel.Of<ElementwiseForward>(ForwardElement);

    /// <summary>dx = (dy f'(source) + addend) g'(output) with f the operation's own activation, if it has one, and g the epilogue's.</summary>
    public static readonly Kernel<ElementwiseBackward> Backward = Kernel.Of<ElementwiseBackward>(BackwardElement);

    private static void ForwardElement(ElementwiseForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var y = a.Y;
        y[sample, element] = a.Steps.Apply(a.X[sample, element], sample, element);
    }

    private static void BackwardElement(ElementwiseBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var v = a.Dy[sample, element];
        if (!a.Activation.IsNone)
        {
            var source = a.Source[sample, element];
            v = a.Activation.HasDerivativeOfOutput
                ? LaneActivation<ExactLane, float>.MultiplyDerivativeOfOutput(a.Activation, source, v)
                : LaneActivation<ExactLane, float>.MultiplyDerivativeOfInput(a.Activation, source, v);
        }

        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(v, sample, element);
    }
}
