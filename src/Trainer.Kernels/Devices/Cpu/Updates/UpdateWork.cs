using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>
/// One pass over weights, total and state that also hashes the new weights while they are in cache. A piece of work is a chunk of 65,536
/// elements, done in blocks; a block takes the parts of the runs that lie in it.
/// </summary>
internal sealed unsafe class UpdateWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int BlockElements = 2048;

    private UpdateStep[] _steps = [];
    private int _stepCount;
    private long _elements;
    private float* _weights;
    private float* _total;
    private float* _state0;
    private float* _state1;
    private ulong* _hashes;

    /// <summary>Takes in the runs; the caller checks that they cover the buffer and have the state they need.</summary>
    public ReadOnlySpan<UpdateStep> Plan(ReadOnlySpan<UpdateRun> runs, float scale)
    {
        if (_steps.Length < runs.Length)
        {
            _steps = new UpdateStep[runs.Length];
        }

        var first = 0L;
        for (var i = 0; i < runs.Length; i++)
        {
            _steps[i] = new UpdateStep(runs[i], first, scale);
            first += runs[i].Elements;
        }

        _stepCount = runs.Length;
        return _steps.AsSpan(0, _stepCount);
    }

    public ulong Execute(long elements, float* weights, float* total, float* state0, float* state1)
    {
        _elements = elements;
        _weights = weights;
        _total = total;
        _state0 = state0;
        _state1 = state1;
        var chunks = Chunk.CountOf(elements);
        _hashes = (ulong*)scratch.Shared(2L * chunks);
        team.Run(this, chunks);
        return WeightHash.OfChunks(elements, new ReadOnlySpan<ulong>(_hashes, chunks));
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * Chunk.Elements;
        var count = (int)Math.Min(Chunk.Elements, _elements - first);
        var states = stackalloc float[WeightHash.Lanes];
        new Span<float>(states, WeightHash.Lanes).Clear();
        var step = StepAt(first);
        for (var done = 0; done < count; done += BlockElements)
        {
            var length = Math.Min(BlockElements, count - done);
            UpdateBlock(ref step, first + done, first + done + length);
            ChunkHash<TSimd, TVector>.Add(states, _weights + first + done, length);
        }

        _hashes[piece] = ChunkHash<TSimd, TVector>.OfChunk(states, count);
    }

    private int StepAt(long element)
    {
        var step = 0;
        while (_steps[step].First + _steps[step].Elements <= element)
        {
            step++;
        }

        return step;
    }

    private void UpdateBlock(ref int step, long first, long end)
    {
        while (first < end)
        {
            ref readonly var current = ref _steps[step];
            var count = (int)(Math.Min(end, current.First + current.Elements) - first);
            Update(current, first, count);
            first += count;
            step += first == current.First + current.Elements && step + 1 < _stepCount ? 1 : 0;
        }
    }

    private void Update(in UpdateStep step, long first, int count)
    {
        var weights = _weights + first;
        var total = _total + first;
        switch (step.Rule)
        {
            case UpdateRule.Keep:
                break;
            case UpdateRule.Average:
                UpdateKernels<TSimd, TVector>.Average(step, weights, total, count);
                break;
            case UpdateRule.Sgd:
                UpdateKernels<TSimd, TVector>.Sgd(step, weights, total, step.NeedsVelocity ? _state0 + first : null, count);
                break;
            default:
                UpdateKernels<TSimd, TVector>.Adam(step, weights, total, _state0 + first, _state1 + first, count);
                break;
        }
    }
}
