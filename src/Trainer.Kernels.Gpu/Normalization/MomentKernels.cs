using System.Runtime.CompilerServices;
using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Normalization;

/// <summary>What is kept of a plane.</summary>
internal enum MomentKind
{
    /// <summary>Mean and sum of squared deviations, (samples, 2, channels).</summary>
    Sums,

    /// <summary>Mean and invstd, (samples, channels, 2): group norm's, to which a run of channels is one. The invstd of one value is 0.</summary>
    Normalization,
}

/// <param name="Planes">Samples x <paramref name="Channels"/>.</param>
/// <param name="Pixels">Of a plane, as <paramref name="Values"/>.</param>
/// <param name="Moments">Receives what <paramref name="Kind"/> says.</param>
internal readonly record struct PlaneMoments(
    int Planes, FastDivisor Channels, int Pixels, float Values, MomentKind Kind, float Eps, SampleRows X, ArrayView<float> Moments);

/// <summary>Moments of planes in Form L: 16 neighbouring threads are the lanes of a plane.</summary>
internal static class MomentKernels
{
    /// <summary>Pixels of a plane up to which it is read twice, the second time from the nearest cache.</summary>
    public const int SmallPixels = 512;

    /// <summary>A plane of one pixel: a thread each.</summary>
    public static readonly Kernel<PlaneMoments> Features = Kernel.Of<PlaneMoments>(OfFeature);

    /// <summary>Planes of up to <see cref="SmallPixels"/>.</summary>
    public static readonly Kernel<PlaneMoments> Small = Kernel.Of<PlaneMoments>(OfSmallPlane, KernelPromise.FusedProducts);

    /// <summary>
    /// Larger planes. All threads of a group bring some planes to shared memory, where 16 for each sum them twice: memory is read once. A plane that does
    /// not fit comes in parts, twice; since a group has no more than this one plane, the second time may find it in the device's cache.
    /// </summary>
    public static readonly Kernel<PlaneMoments> Large = Kernel.Of<PlaneMoments>(OfLargePlane, KernelPromise.FusedProducts);

    private const int Lanes = 16;

    /// <summary>Pixels of a part; with the sums of lanes 30 KiB.</summary>
    private const int PartPixels = 7168;

    private const int StagedPixels = PartPixels + Lanes;

    /// <summary>Planes that a group of threads measures.</summary>
    public static int PlanesOfGroup(int pixels) =>
        pixels == 1 ? ThreadGroup.Size : pixels <= SmallPixels ? ThreadGroup.Size / Lanes : PlanesOfLargeGroup(pixels);

    private static int PlanesOfLargeGroup(int pixels) => StagedPixels / StageStride(pixels);

    /// <summary>From a plane to the next in shared memory: an odd multiple of 16, so that the two planes of a warp lie in different banks.</summary>
    private static int StageStride(int pixels) => ((pixels < PartPixels ? (pixels + Lanes - 1) / Lanes : PartPixels / Lanes) | 1) * Lanes;

    /// <summary>The sum from +0 is the value, and its deviation is 0 unless it is not finite.</summary>
    private static void OfFeature(PlaneMoments a)
    {
        var plane = Grid.GlobalIndex.X;
        if (plane < a.Planes)
        {
            var sample = a.Channels.Quotient(plane);
            var mean = Exact.Add(a.X[sample, plane - (sample * a.Channels.Divisor)], 0);
            var deviation = Exact.Subtract(mean, mean);
            Write(a, plane, mean, Exact.Multiply(deviation, deviation));
        }
    }

    private static void OfSmallPlane(PlaneMoments a)
    {
        var (row, lane) = (Group.IdxX / Lanes, Group.IdxX % Lanes);
        var plane = (Grid.IdxX * (ThreadGroup.Size / Lanes)) + row;
        var pixels = plane < a.Planes ? a.Pixels : 0;
        var sample = a.Channels.Quotient(plane);
        var first = (long)(plane - (sample * a.Channels.Divisor)) * a.Pixels;
        var part = 0f;
        for (var i = lane; i < pixels; i += Lanes)
        {
            part = Exact.Add(part, a.X[sample, first + i]);
        }

        var mean = Exact.Divide(LaneFold.SumOf(row, lane, part), a.Values);
        part = 0;
        for (var i = lane; i < pixels; i += Lanes)
        {
            part = AddSquare(part, a.X[sample, first + i], mean);
        }

        var squares = LaneFold.Sum(part);
        if (plane < a.Planes && lane == 0)
        {
            Write(a, plane, mean, squares);
        }
    }

    private static void OfLargePlane(PlaneMoments a)
    {
        var stage = SharedMemory.Allocate<float>(StagedPixels);
        var (row, lane) = (Group.IdxX / Lanes, Group.IdxX % Lanes);
        var (rows, stride) = (PlanesOfLargeGroup(a.Pixels), StageStride(a.Pixels));
        var firstPlane = Grid.IdxX * rows;
        var plane = firstPlane + row;
        var isOwn = row < rows && plane < a.Planes;
        var mine = row * stride;
        var part = 0f;
        for (var first = 0; first < a.Pixels; first += PartPixels)
        {
            var pixels = IntrinsicMath.Min(a.Pixels - first, PartPixels);
            Bring(a, stage, firstPlane, rows, stride, first, pixels);
            for (var i = lane; isOwn && i < pixels; i += Lanes)
            {
                part = Exact.Add(part, stage[mine + i]);
            }
        }

        var mean = Exact.Divide(LaneFold.SumOf(row, lane, part), a.Values);
        part = 0;
        for (var first = 0; first < a.Pixels; first += PartPixels)
        {
            var pixels = IntrinsicMath.Min(a.Pixels - first, PartPixels);
            if (a.Pixels > PartPixels)
            {
                Bring(a, stage, firstPlane, rows, stride, first, pixels);
            }

            for (var i = lane; isOwn && i < pixels; i += Lanes)
            {
                part = AddSquare(part, stage[mine + i], mean);
            }
        }

        var squares = LaneFold.Sum(part);
        if (isOwn && lane == 0)
        {
            Write(a, plane, mean, squares);
        }
    }

    /// <summary>Pixels [first, first + pixels) of the planes of a group to shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bring(PlaneMoments a, ArrayView<float> stage, int firstPlane, int rows, int stride, int first, int pixels)
    {
        Exact.Barrier(); // what was there has been read
        var count = IntrinsicMath.Min(rows, a.Planes - firstPlane);
        for (var row = 0; row < count; row++)
        {
            var sample = a.Channels.Quotient(firstPlane + row);
            var element = ((long)(firstPlane + row - (sample * a.Channels.Divisor)) * a.Pixels) + first;
            for (var i = Group.IdxX; i < pixels; i += ThreadGroup.Size)
            {
                stage[(row * stride) + i] = a.X[sample, element + i];
            }
        }

        Exact.Barrier();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float AddSquare(float sum, float x, float mean)
    {
        var deviation = Exact.Subtract(x, mean);
        return Exact.Fma(deviation, deviation, sum);
    }

    private static void Write(PlaneMoments a, int plane, float mean, float squares)
    {
        var moments = a.Moments;
        if (a.Kind == MomentKind.Normalization)
        {
            moments[plane * 2L] = mean;
            moments[(plane * 2L) + 1] = a.Values == 1 ? 0f : LaneNorm<ExactLane, float>.InverseDeviation(Exact.Divide(squares, a.Values), a.Eps);
        }
        else
        {
            var sample = a.Channels.Quotient(plane);
            var place = ((long)sample * a.Channels.Divisor) + plane;
            moments[place] = mean;
            moments[place + a.Channels.Divisor] = squares;
        }
    }
}
