using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Winograd;

/// <summary>What happens to a value on its way to memory.</summary>
internal interface ITileFinish
{
    float Apply(float value, int channel, int sample, long element);
}

/// <param name="Bias">Of the channels, or without elements.</param>
internal readonly record struct OutputFinish(ArrayView<float> Bias, OutputSteps Steps) : ITileFinish
{
    public float Apply(float value, int channel, int sample, long element) =>
        Steps.Apply(Bias.Length == 0 ? value : Exact.Add(value, Bias[channel]), sample, element);
}

internal readonly record struct GradientFinish(GradientSteps Steps) : ITileFinish
{
    public float Apply(float value, int channel, int sample, long element) => Steps.Apply(value, sample, element);
}
