using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Elementwise;

internal readonly record struct ChannelProducts(SampleCells Cells, FastDivisor Pixels, SampleRows X, SampleRows Factor, OutputSteps Steps, SampleRows Y);

internal readonly record struct ChannelProductGradients(SampleCells Cells, FastDivisor Pixels, SampleRows Dy, SampleRows Factor, GradientSteps Steps, SampleRows Dx);

/// <param name="Planes">Channels of all samples.</param>
internal readonly record struct GateGradients(
    int Planes, FastDivisor Channels, int Pixels, SampleRows Dy, SampleRows X, GradientSteps Steps, SampleRows Dx);

/// <summary>Channels times a factor of their sample: a thread makes one element. The factor's gradient: 16 neighbouring threads have a channel, the lanes of Form L.</summary>
internal static class ChannelProductKernels
{
    /// <summary>Threads that share a channel.</summary>
    public const int Lanes = 16;

    public static readonly Kernel<ChannelProducts> Forward = Kernel.Of<ChannelProducts>(ForwardElement);

    public static readonly Kernel<ChannelProductGradients> Backward = Kernel.Of<ChannelProductGradients>(BackwardElement);

    public static readonly Kernel<GateGradients> Gate = Kernel.Of<GateGradients>(GateOfChannel);

    private static void ForwardElement(ChannelProducts a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var y = a.Y;
        y[sample, element] = a.Steps.Apply(Exact.Multiply(a.X[sample, element], a.Factor[sample, a.Pixels.Quotient(element)]), sample, element);
    }

    private static void BackwardElement(ChannelProductGradients a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(Exact.Multiply(a.Dy[sample, element], a.Factor[sample, a.Pixels.Quotient(element)]), sample, element);
    }

    private static void GateOfChannel(GateGradients a)
    {
        var lane = Group.IdxX % Lanes;
        var plane = (Grid.IdxX * (ThreadGroup.Size / Lanes)) + (Group.IdxX / Lanes);
        var sample = a.Channels.Quotient(plane);
        var channel = plane - (sample * a.Channels.Divisor);
        var part = 0f;
        if (plane < a.Planes)
        {
            var first = channel * a.Pixels;
            for (var i = lane; i < a.Pixels; i += Lanes)
            {
                part = Exact.Fma(a.Dy[sample, first + i], a.X[sample, first + i], part);
            }
        }

        var sum = LaneFold.Sum(part);
        if (plane < a.Planes && lane == 0)
        {
            var dx = a.Dx;
            dx[sample, channel] = a.Steps.Apply(sum, sample, channel);
        }
    }
}
