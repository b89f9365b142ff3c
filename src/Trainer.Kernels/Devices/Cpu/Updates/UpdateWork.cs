using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>
/// One pass over weights, total and state that also hashes what it reads and writes. A piece of work is a chunk of 65,536 elements, done in blocks; the next values of
/// a block are made in a thread's own memory, hashed there, and then copied to where they belong. A block takes the parts of the runs that lie in it.
/// </summary>
internal sealed unsafe class UpdateWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Few, so that loads from memory, the arithmetic and stores of neighbouring blocks overlap: 2,048 take 1.3 times as long.</summary>
    private const int BlockElements = 2 * WeightHash.Lanes;

    /// <summary>Buffers from this length on are out of the caches before anybody reads them again.</summary>
    private const long StreamedElements = 4 << 20;

    private UpdateStep[] _steps = [];
    private int _stepCount;
    private int _buffers;
    private long _elements;
    private int _chunks;
    private float* _total;
    private float** _before;
    private float** _after;
    private ulong* _read;
    private ulong* _written;
    private ulong* _ofTotal;

    /// <summary>Takes in the runs; the caller checks that they cover the buffer and have the state they need.</summary>
    public void Plan(ReadOnlySpan<UpdateRun> runs, float scale)
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
    }

    /// <param name="buffers">The weights, the optimizer's buffers and the average of the weights, if there is one.</param>
    public void Execute(long elements, float* total, int buffers, float** before, float** after, Span<ulong> read, Span<ulong> written, Span<ulong> ofTotal)
    {
        _elements = elements;
        _total = total;
        _buffers = buffers;
        _before = before;
        _after = after;
        _chunks = written.Length / buffers;
        scratch.EnsureOwn((buffers * (BlockElements + (2 * WeightHash.Lanes))) + WeightHash.Lanes);
        fixed (ulong* ofRead = read, ofWritten = written, ofTotals = ofTotal)
        {
            _read = ofRead;
            _written = ofWritten;
            _ofTotal = ofTotals;
            team.Run(this, _chunks);
        }
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * Chunk.Elements;
        var count = (int)Math.Min(Chunk.Elements, _elements - first);
        var block = scratch.Own(thread);
        var states = block + (_buffers * BlockElements);
        var readStates = states + (_buffers * WeightHash.Lanes);
        var totalStates = readStates + (_buffers * WeightHash.Lanes);
        new Span<float>(states, ((2 * _buffers) + 1) * WeightHash.Lanes).Clear();
        var step = StepAt(first);
        for (var done = 0; done < count; done += BlockElements)
        {
            var length = Math.Min(BlockElements, count - done);
            UpdateBlock(ref step, first + done, first + done + length, block);
            if (_ofTotal is not null)
            {
                ChunkHash<TSimd, TVector>.Add(totalStates, _total + first + done, length);
            }

            for (var buffer = 0; buffer < _buffers; buffer++)
            {
                var (state, place) = (buffer * WeightHash.Lanes, first + done);
                Finish(readStates + state, _before[buffer] + place, states + state, block + (buffer * BlockElements), _after[buffer] + place, length);
            }
        }

        if (_ofTotal is not null)
        {
            _ofTotal[piece] = ChunkHash<TSimd, TVector>.OfChunk(totalStates, count);
        }

        for (var buffer = 0; buffer < _buffers; buffer++)
        {
            _read[(buffer * _chunks) + piece] = ChunkHash<TSimd, TVector>.OfChunk(readStates + (buffer * WeightHash.Lanes), count);
            _written[(buffer * _chunks) + piece] = ChunkHash<TSimd, TVector>.OfChunk(states + (buffer * WeightHash.Lanes), count);
        }
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

    private void UpdateBlock(ref int step, long first, long end, float* block)
    {
        while (first < end)
        {
            ref readonly var current = ref _steps[step];
            var count = (int)(Math.Min(end, current.First + current.Elements) - first);
            Update(current, first, count, block);
            first += count;
            block += count;
            step += first == current.First + current.Elements && step + 1 < _stepCount ? 1 : 0;
        }
    }

    /// <param name="next">Where the next weights go; the optimizer's buffers and the average go behind them, a block apart.</param>
    private void Update(in UpdateStep step, long first, int count, float* next)
    {
        var weights = _before[0] + first;
        var total = _total + first;
        var made = step.StateBuffers + 1;
        switch (step.Rule)
        {
            case UpdateRule.Keep:
                made = 0;
                break;
            case UpdateRule.Average:
                UpdateKernels<TSimd, TVector>.Average(step, weights, total, next, count);
                break;
            case UpdateRule.Sgd:
                var velocity = step.StateBuffers == 0 ? null : _before[1] + first;
                UpdateKernels<TSimd, TVector>.Sgd(step, weights, total, velocity, next, next + BlockElements, count);
                break;
            case UpdateRule.Adam:
            case UpdateRule.AdamW:
                UpdateKernels<TSimd, TVector>.Adam(
                    step, weights, total, _before[1] + first, _before[2] + first, next, next + BlockElements, next + (2 * BlockElements), count);
                break;
            case UpdateRule.RmsProp:
                RmsProp(step, first, count, next);
                break;
            case UpdateRule.Adagrad:
                UpdateKernels<TSimd, TVector>.Adagrad(step, weights, total, _before[1] + first, next, next + BlockElements, count);
                break;
            default:
                throw new InvalidOperationException($"No such rule: {step.Rule}.");
        }

        for (var buffer = made; buffer < _buffers; buffer++)
        {
            Unsafe.CopyBlock(next + (buffer * BlockElements), _before[buffer] + first, (uint)count * sizeof(float));
        }

        if (step.AverageShare != 0)
        {
            var last = _buffers - 1;
            UpdateKernels<TSimd, TVector>.AverageOfWeights(step, next, _before[last] + first, next + (last * BlockElements), count);
        }
    }

    /// <summary>Hashes a buffer's part of a block, and puts what was made to its place.</summary>
    private void Finish(float* readStates, float* read, float* madeStates, float* made, float* target, int count)
    {
        if (_elements >= StreamedElements && ((nint)target % NativeBuffer.Alignment) + (count % WeightHash.Lanes) == 0)
        {
            ChunkHash<TSimd, TVector>.AddAndStream(readStates, read, madeStates, made, target, count);
            return;
        }

        ChunkHash<TSimd, TVector>.Add(readStates, read, count);
        ChunkHash<TSimd, TVector>.Add(madeStates, made, count);
        Unsafe.CopyBlock(target, made, (uint)count * sizeof(float));
    }

    /// <summary>The mean is the last buffer, behind the velocity if there is one.</summary>
    private void RmsProp(in UpdateStep step, long first, int count, float* next)
    {
        var last = step.StateBuffers;
        var velocity = step.Momentum == 0 ? null : _before[2] + first;
        var mean = step.Centered ? _before[last] + first : null;
        UpdateKernels<TSimd, TVector>.RmsProp(
            step, _before[0] + first, _total + first, _before[1] + first, velocity, mean,
            next, next + BlockElements, next + (2 * BlockElements), next + (last * BlockElements), count);
    }
}
