using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Arithmetic;

namespace Trainer.Kernels.Gpu.Memory;

/// <summary>An <see cref="OutputEpilogue"/> in a kernel.</summary>
internal readonly record struct OutputSteps(Activation Activation, SampleRows Addend)
{
    /// <summary>activation(v + addend)</summary>
    public float Apply(float v, long sample, long element)
    {
        if (!Addend.IsEmpty)
        {
            v = Exact.Add(v, Addend[sample, element]);
        }

        return LaneActivation<ExactLane, float>.Activate(Activation, v);
    }
}

/// <summary>A <see cref="GradientEpilogue"/> in a kernel. The output is left out without an activation.</summary>
internal readonly record struct GradientSteps(Activation Activation, SampleRows Output, SampleRows Addend)
{
    /// <summary>(v + addend) f'(output)</summary>
    public float Apply(float v, long sample, long element)
    {
        if (!Addend.IsEmpty)
        {
            v = Exact.Add(v, Addend[sample, element]);
        }

        return Activation.IsNone ? v : LaneActivation<ExactLane, float>.MultiplyDerivativeOfOutput(Activation, Output[sample, element], v);
    }
}
