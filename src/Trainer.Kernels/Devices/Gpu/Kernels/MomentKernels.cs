using System.Runtime.CompilerServices;
using ILGPU;
using Trainer.Kernels.Devices.Cpu.Normalization;
using Trainer.Kernels.Devices.Gpu.Arithmetic;
using Trainer.Kernels.Devices.Gpu.Memory;
using Trainer.Kernels.Devices.Gpu.Products;

namespace Trainer.Kernels.Devices.Gpu.Kernels;

/// <param name="Planes">Samples x <paramref name="Channels"/>.</param>
/// <param name="Pixels">Of a plane, as <paramref name="Values"/>.</param>
/// <param name="Moments">Batch norm: mean and sum of squared deviations, (samples, 2, channels). Group norm, where a plane is a run of channels: mean and
/// invstd, (samples, channels, 2).</param>
internal readonly record struct PlaneMoments(int Planes, FastDivisor Channels, int Pixels, float Values, float Eps, SampleRows X, ArrayView<float> Moments);

/// <summary>
/// Moments of planes in Form L: 16 neighbouring threads are the lanes of a plane and read it twice, the second time from a cache where 16 planes fit into one.
/// </summary>
internal static class MomentKernels
{
    public const int PlanesOfGroup = GpuDevice.GroupSize / Lanes;

    public static readonly Kernel<PlaneMoments> Planes = Kernel.Of<PlaneMoments>(OfPlane, KernelPromise.FusedProducts);

    /// <summary>Planes of one pixel: a thread each.</summary>
    public static readonly Kernel<PlaneMoments> Features = Kernel.Of<PlaneMoments>(OfFeature);

    public static readonly Kernel<PlaneMoments> Runs = Kernel.Of<PlaneMoments>(OfRun, KernelPromise.FusedProducts);

    private const int Lanes = 16;

    private static void OfPlane(PlaneMoments a)
    {
        var plane = Plane();
        var sample = a.Channels.Quotient(plane);
        var channel = plane - (sample * a.Channels.Divisor);
        var mean = Mean(a, sample, channel, plane);
        var squares = Squares(a, sample, channel, plane, mean);
        if (plane < a.Planes && Group.IdxX % Lanes == 0)
        {
            Write(a, sample, channel, mean, squares);
        }
    }

    private static void OfRun(PlaneMoments a)
    {
        var plane = Plane();
        var sample = a.Channels.Quotient(plane);
        var run = plane - (sample * a.Channels.Divisor);
        var mean = Mean(a, sample, run, plane);
        var squares = Squares(a, sample, run, plane, mean);
        if (plane < a.Planes && Group.IdxX % Lanes == 0)
        {
            var saved = a.Moments;
            saved[plane * 2L] = mean;
            saved[(plane * 2L) + 1] = LaneNorm<ExactLane, float>.InverseDeviation(Exact.Divide(squares, a.Values), a.Eps);
        }
    }

    /// <summary>The sum from +0 is the value, and its deviation is 0 unless it is not finite.</summary>
    private static void OfFeature(PlaneMoments a)
    {
        var plane = Grid.GlobalIndex.X;
        if (plane >= a.Planes)
        {
            return;
        }

        var sample = a.Channels.Quotient(plane);
        var channel = plane - (sample * a.Channels.Divisor);
        var value = a.X[sample, channel];
        var mean = Exact.Add(value, 0);
        var deviation = Exact.Subtract(value, mean);
        Write(a, sample, channel, mean, Exact.Multiply(deviation, deviation));
    }

    private static int Plane() => (Grid.IdxX * PlanesOfGroup) + (Group.IdxX / Lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Mean(PlaneMoments a, int sample, int channel, int plane)
    {
        var first = (long)channel * a.Pixels;
        var pixels = plane < a.Planes ? a.Pixels : 0;
        var lane = Group.IdxX % Lanes;
        var part = 0f;
        for (var i = lane; i < pixels; i += Lanes)
        {
            part = Exact.Add(part, a.X[sample, first + i]);
        }

        return Exact.Divide(LaneFold.SumOf(Group.IdxX / Lanes, lane, part), a.Values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Squares(PlaneMoments a, int sample, int channel, int plane, float mean)
    {
        var first = (long)channel * a.Pixels;
        var pixels = plane < a.Planes ? a.Pixels : 0;
        var part = 0f;
        for (var i = Group.IdxX % Lanes; i < pixels; i += Lanes)
        {
            var deviation = Exact.Subtract(a.X[sample, first + i], mean);
            part = Exact.Fma(deviation, deviation, part);
        }

        return LaneFold.Sum(part);
    }

    private static void Write(PlaneMoments a, int sample, int channel, float mean, float squares)
    {
        var (moments, place) = (a.Moments, (sample * 2L * a.Channels.Divisor) + channel);
        moments[place] = mean;
        moments[place + a.Channels.Divisor] = squares;
    }
}
