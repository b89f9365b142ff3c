using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>
/// The sum of squares of a flat buffer, in double: squares of float32 are exact there, and their sum is finite. A piece of work is a chunk of 65,536
/// elements, in Form L; chunks are added in order.
/// </summary>
/// <remarks>The width of vectors has no part in it: each of the 16 virtual lanes adds its own elements.</remarks>
internal sealed unsafe class SquaredNorm(ThreadTeam team, Scratch scratch) : ParallelWork
{
    private const int VirtualLanes = 16;

    private long _elements;
    private float* _values;
    private double* _sums;

    public double Execute(long elements, float* values)
    {
        _elements = elements;
        _values = values;
        var chunks = Chunk.CountOf(elements);
        _sums = (double*)scratch.Shared(2L * chunks);
        team.Run(this, chunks);
        var total = 0.0;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            total += _sums[chunk];
        }

        return total;
    }

    /// <summary>The same sum by the calling thread.</summary>
    public static double Of(ReadOnlySpan<float> values)
    {
        var total = 0.0;
        fixed (float* first = values)
        {
            for (var place = 0; place < values.Length; place += Chunk.Elements)
            {
                total += OfChunk(first + place, Math.Min(Chunk.Elements, values.Length - place));
            }
        }

        return total;
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * Chunk.Elements;
        _sums[piece] = OfChunk(_values + first, (int)Math.Min(Chunk.Elements, _elements - first));
    }

    /// <summary>In Form L.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double OfChunk(float* values, int count)
    {
        var (sum0, sum1, sum2, sum3) = (Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero);
        var last = stackalloc float[VirtualLanes];
        for (var i = 0; i < count; i += VirtualLanes)
        {
            var row = values + i;
            if (count - i < VirtualLanes)
            {
                new Span<float>(last, VirtualLanes).Clear();
                new ReadOnlySpan<float>(row, count - i).CopyTo(new Span<float>(last, VirtualLanes));
                row = last;
            }

            var (value0, value1) = Vector256.Widen(Vector256.Load(row));
            var (value2, value3) = Vector256.Widen(Vector256.Load(row + 8));
            sum0 += value0 * value0;
            sum1 += value1 * value1;
            sum2 += value2 * value2;
            sum3 += value3 * value3;
        }

        var four = sum0 + sum2 + (sum1 + sum3);
        var two = four.GetLower() + four.GetUpper();
        return two[0] + two[1];
    }
}
