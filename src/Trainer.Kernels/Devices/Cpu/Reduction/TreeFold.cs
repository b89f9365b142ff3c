using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Reduction;

/// <summary>
/// The second pass of small gradients: folds the partial sums of all pieces, (pieces x elements), along the plan's trees, in place,
/// and writes each root's sum. A piece of work is a run of elements, for which one thread folds all pieces in order.
/// </summary>
internal sealed unsafe class TreeFold<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 4096;

    private ReductionPlan? _plan;
    private float* _partials;
    private int _elements;
    private int _stride;
    private float** _targets;

    /// <param name="stride">Elements from one piece's sums to the next's.</param>
    /// <param name="targets">One per root.</param>
    public void Execute(ReductionPlan plan, float* partials, int elements, int stride, float** targets)
    {
        _plan = plan;
        _partials = partials;
        _elements = elements;
        _stride = stride;
        _targets = targets;
        team.Run(this, (elements + RunElements - 1) / RunElements);
    }

    public override void Run(int piece, int thread)
    {
        var plan = _plan!;
        var first = piece * RunElements;
        var count = Math.Min(RunElements, _elements - first);
        var stack = stackalloc float*[plan.StackDepth];
        var top = 0;
        for (var i = 0; i < plan.Count; i++)
        {
            stack[top++] = _partials + ((long)i * _stride) + first;
            for (var fold = 0; fold < plan[i].Folds; fold++, top--)
            {
                Vectors<TSimd, TVector>.AddTo(stack[top - 2], stack[top - 1], count);
            }

            if (i + 1 == plan.Count || plan[i + 1].Root != plan[i].Root)
            {
                top = 0;
                new ReadOnlySpan<float>(stack[0], count).CopyTo(new Span<float>(_targets[plan[i].Root] + first, count));
            }
        }
    }
}
