using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Layers;

/// <summary>What textbooks work out by hand, most of it in Dive into Deep Learning, chapter 6; to the digit.</summary>
public abstract class WorkedExamples
{
    private protected static float[] Count(int first, int count) => [.. Enumerable.Range(first, count).Select(i => (float)i)];

    /// <summary>One sample through one layer.</summary>
    private protected static (Shape Shape, float[] Y) Apply(Layer layer, Shape input, float[] x, float[]? weight = null, float[]? bias = null)
    {
        using var device = CpuDevice.Create(2);
        var run = new LayerRun(device, layer, input, BatchSlice.Whole(1, 1), (tensor, values) =>
        {
            var given = tensor switch { "x" => x, "weight" => weight!, "bias" => bias!, _ => new float[values.Length] };
            given.CopyTo(values);
        });
        run.Evaluate();
        return (run.Output, run["y"]);
    }
}
