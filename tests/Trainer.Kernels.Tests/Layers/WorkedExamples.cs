using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Functional;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Tests.Layers;

/// <summary>What textbooks work out by hand, most of it in Dive into Deep Learning, chapter 6; to the digit, and by the functions that a learner calls.</summary>
public abstract class WorkedExamples
{
    private protected static float[] Count(int first, int count) => [.. Enumerable.Range(first, count).Select(i => (float)i)];

    /// <summary>One sample through one layer.</summary>
    private protected static (Shape Shape, float[] Y) Apply(Layer layer, Shape input, float[] x, params float[][] parameters)
    {
        using var device = CpuDevice.Create(2);
        var y = new Functions(device).Apply(layer, new NdArray(input, x), [.. layer.Parameters(input).Zip(parameters, (parameter, values) => new NdArray(parameter.Shape, values))]);
        return (y.Shape, y.Values);
    }
}
