using System.Runtime.InteropServices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training.Planning;

/// <summary>A tensor of the arena: its size, and the first and last moment at which it holds something.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Lifetime(long Elements, int First, int Last)
{
    public bool Overlaps(Lifetime other) => First <= other.Last && other.First <= Last;
}

/// <summary>
/// Places tensors in one block of memory so that those alive at the same time do not overlap. Greedy by size: Pisarchyk
/// and Lee, "Efficient memory management for deep neural net inference", 2020 (arXiv:2001.03288), section 5.2.
/// </summary>
/// <remarks>The largest first, each at the lowest place that is free for its lifetime; offsets are multiples of 16 elements. O(n^2 log n).</remarks>
internal static class ArenaPlanner
{
    public static (long[] Offsets, long Elements) Plan(IReadOnlyList<Lifetime> tensors)
    {
        var (offsets, end) = (new long[tensors.Count], 0L);
        var placed = new List<int>();
        foreach (var tensor in Enumerable.Range(0, tensors.Count).OrderByDescending(i => tensors[i].Elements).ThenBy(i => i))
        {
            var size = RoundUp(tensors[tensor].Elements);
            var offset = 0L;
            foreach (var other in placed.Where(i => tensors[i].Overlaps(tensors[tensor])).OrderBy(i => offsets[i]))
            {
                if (offset + size <= offsets[other])
                {
                    break;
                }

                offset = Math.Max(offset, offsets[other] + RoundUp(tensors[other].Elements));
            }

            offsets[tensor] = offset;
            end = Math.Max(end, offset + size);
            placed.Add(tensor);
        }

        return (offsets, end);
    }

    private static long RoundUp(long elements) =>
        (elements + ParameterLayout.AlignmentElements - 1) / ParameterLayout.AlignmentElements * ParameterLayout.AlignmentElements;
}
