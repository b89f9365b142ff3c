using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>Folds the subtree roots of all workers into a batch's gradient (canonical arithmetic, rules 4 and 8).</summary>
/// <remarks>
/// Reads each root once and writes the total once, a block of 1,024 elements at a time, so that partial sums stay in the
/// first-level cache: (roots + 1) x 4 bytes of traffic per element. Every operation is element by element, so the vectors'
/// width has no part in the result.
/// </remarks>
public static class GradientTree
{
    private const int BlockElements = 1024;

    /// <summary>
    /// total = (tree sum of <paramref name="roots"/>) / samples, element by element, rounded where that is asked for. The roots are the cover of all shards,
    /// ascending; an empty root (no samples) is absent, not +0. False when an element of the total is not finite.
    /// </summary>
    /// <param name="roots">One buffer of the same length per range; that of an empty range is not read.</param>
    /// <param name="ranges">Ascending, disjoint nodes that together cover [0, shards).</param>
    /// <param name="shards">Shards of the global batch.</param>
    /// <param name="samples">Samples of the global batch, B.</param>
    /// <param name="total">Receives the result; may be one of the roots.</param>
    /// <param name="read">Takes in each root, by its index, in the same pass that folds it; null: nobody asks.</param>
    /// <param name="rounded">So many elements of the total, from the first on, are rounded to bfloat16.</param>
    public static bool Fold(
        ReadOnlySpan<Memory<float>> roots, ReadOnlySpan<ShardRange> ranges, int shards, int samples, Span<float> total, RunningHashes? read = null, int rounded = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rounded, total.Length);
        Check(roots, ranges, shards, samples, total.Length);
        var levels = BitOperations.Log2((uint)shards) + 2;
        Span<float> scratch = stackalloc float[levels * BlockElements];
        var finite = true;
        read?.Clear();
        for (var start = 0; start < total.Length; start += BlockElements)
        {
            var block = total.Slice(start, Math.Min(BlockElements, total.Length - start));
            var fold = new BlockFold(roots, ranges, shards, samples, start, block.Length, scratch, read);
            finite &= Divide(fold.Run(), samples, block);
        }

        return finite & Bfloat16.Round(total[..rounded]);
    }

    private static void Check(ReadOnlySpan<Memory<float>> roots, ReadOnlySpan<ShardRange> ranges, int shards, int samples, int elements)
    {
        if (roots.Length != ranges.Length)
        {
            throw new ArgumentException($"{roots.Length} buffers for {ranges.Length} ranges.", nameof(roots));
        }

        var end = 0;
        for (var i = 0; i < ranges.Length; i++)
        {
            var (range, filled) = (ranges[i], Samples(ranges[i].Lo, ranges[i].Hi, shards, samples) > 0);
            if (range.Lo != end || !ShardTree.IsNode(range, shards))
            {
                throw new ArgumentException($"Range {range} is not a node of the tree over {shards} shards that starts at {end}.", nameof(ranges));
            }

            if (filled && roots[i].Length != elements)
            {
                throw new ArgumentException($"The buffer of range {range} has {roots[i].Length} elements; the total has {elements}.", nameof(roots));
            }

            end = range.Hi;
        }

        if (end != shards)
        {
            throw new ArgumentException($"The ranges end at shard {end} of {shards}.", nameof(ranges));
        }
    }

    private static int Samples(int lo, int hi, int shards, int samples) =>
        ShardTree.FirstPosition(hi, samples, shards) - ShardTree.FirstPosition(lo, samples, shards);

    /// <summary>quotient = sum / samples; whether all of it is finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Divide(ReadOnlySpan<float> sum, float samples, Span<float> quotient)
    {
        const int exponent = 0x7F800000;
        var notFinite = Vector<int>.Zero;
        var sums = MemoryMarshal.Cast<float, Vector<float>>(sum);
        var quotients = MemoryMarshal.Cast<float, Vector<float>>(quotient);
        for (var i = 0; i < sums.Length; i++)
        {
            var value = sums[i] / new Vector<float>(samples);
            quotients[i] = value;
            notFinite |= Vector.Equals(Vector.AsVectorInt32(value) & new Vector<int>(exponent), new Vector<int>(exponent));
        }

        var finite = notFinite == Vector<int>.Zero;
        for (var i = sums.Length * Vector<float>.Count; i < sum.Length; i++)
        {
            quotient[i] = sum[i] / samples;
            finite &= float.IsFinite(quotient[i]);
        }

        return finite;
    }

    /// <summary>The fold of one block of elements: a walk over the tree that meets the ranges in ascending order.</summary>
    private ref struct BlockFold(
        ReadOnlySpan<Memory<float>> roots, ReadOnlySpan<ShardRange> ranges, int shards, int samples, int start, int length, Span<float> scratch, RunningHashes? read)
    {
        private readonly ReadOnlySpan<Memory<float>> _roots = roots;
        private readonly ReadOnlySpan<ShardRange> _ranges = ranges;
        private readonly Span<float> _scratch = scratch;
        private int _next;

        public ReadOnlySpan<float> Run() => Node(0, shards, 0);

        /// <summary>The sum over [lo, hi): empty when it has no samples, a root's own memory, or in scratch block <paramref name="depth"/>.</summary>
        private ReadOnlySpan<float> Node(int lo, int hi, int depth)
        {
            if (_ranges[_next] == new ShardRange(lo, hi))
            {
                return Samples(lo, hi, shards, samples) == 0 ? Skip() : Read();
            }

            var split = ShardTree.SplitPoint(lo, hi);
            var left = Node(lo, split, depth);
            var right = Node(split, hi, depth + 1);
            if (left.IsEmpty || right.IsEmpty)
            {
                return left.IsEmpty ? right : left;
            }

            var sum = _scratch.Slice(depth * BlockElements, length);
            Add(left, right, sum);
            return sum;
        }

        private ReadOnlySpan<float> Skip()
        {
            _next++;
            return [];
        }

        private ReadOnlySpan<float> Read()
        {
            var values = _roots[_next].Span.Slice(start, length);
            read?.Add(_next, values);
            _next++;
            return values;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> sum)
        {
            var lefts = MemoryMarshal.Cast<float, Vector<float>>(left);
            var rights = MemoryMarshal.Cast<float, Vector<float>>(right);
            var sums = MemoryMarshal.Cast<float, Vector<float>>(sum);
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] = lefts[i] + rights[i];
            }

            for (var i = sums.Length * Vector<float>.Count; i < sum.Length; i++)
            {
                sum[i] = left[i] + right[i];
            }
        }
    }
}
