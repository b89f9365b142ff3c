using ILGPU;
using Trainer.Kernels.Devices.Gpu.Memory;

namespace Trainer.Kernels.Devices.Gpu.Kernels;

/// <param name="Elements">Per sample.</param>
internal readonly record struct ElementwiseForward(long Elements, int Samples, SampleRows X, OutputSteps Steps, SampleRows Y);

/// <summary>A thread makes one element.</summary>
internal static class ElementwiseKernels
{
    public static readonly Kernel<ElementwiseForward> Forward = Kernel.Of<ElementwiseForward>(ForwardElement);

    private static void ForwardElement(ElementwiseForward a)
    {
        var i = Grid.GlobalLinearIndex;
        if (i >= a.Elements * a.Samples)
        {
            return;
        }

        var sample = i / a.Elements;
        var element = i - (sample * a.Elements);
        var y = a.Y;
        y[sample, element] = a.Steps.Apply(a.X[sample, element], sample, element);
    }
}
