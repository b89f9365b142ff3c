using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Passes over flat buffers. The hash of an update is FNV-1a; each device has its own.</summary>
internal sealed class ReferenceUpdates : IUpdates
{
    public double SquaredNorm(Tensor values)
    {
        var (total, lanes) = (0.0, new double[FormL.Lanes]);
        for (var first = 0; first < values.Elements; first += Chunk.Elements)
        {
            Array.Clear(lanes);
            for (var i = 0; i < Math.Min(Chunk.Elements, values.Elements - first); i++)
            {
                var v = (double)values.Host[first + i];
                lanes[i % FormL.Lanes] += v * v;
            }

            total += FormL.Fold<double>(lanes);
        }

        return total;
    }

    public void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> read, Span<ulong> written,
        Span<ulong> ofTotal = default)
    {
        HashAll(before, read);
        if (!ofTotal.IsEmpty)
        {
            Hash(total, ofTotal);
        }

        for (var buffer = 0; buffer < after.Length; buffer++)
        {
            before[buffer].Host.CopyTo(after[buffer].Host);
        }

        var i = 0;
        var state = after[1..];
        foreach (var run in runs)
        {
            for (var end = i + run.Elements; i < end; i++)
            {
                UpdateElement(run, scale, ref after[0].Host[i], total.Host[i], state, i);
                if (run.AverageShare != 0)
                {
                    ref var average = ref after[^1].Host[i];
                    average = run.AverageShare == 1 ? after[0].Host[i] : MathF.FusedMultiplyAdd(run.AverageShare, after[0].Host[i] - average, average);
                }
            }
        }

        HashAll(after, written);
    }

    public void Hash(Tensor values, Span<ulong> hashes)
    {
        for (var chunk = 0; chunk < hashes.Length; chunk++)
        {
            var hash = 14695981039346656037UL;
            for (var i = chunk * Chunk.Elements; i < Math.Min((chunk + 1) * Chunk.Elements, values.Elements); i++)
            {
                hash = (hash ^ BitConverter.SingleToUInt32Bits(values.Host[i])) * 1099511628211UL;
            }

            hashes[chunk] = hash;
        }
    }

    private void HashAll(ReadOnlySpan<Tensor> buffers, Span<ulong> hashes)
    {
        var chunks = hashes.Length / buffers.Length;
        for (var buffer = 0; buffer < buffers.Length; buffer++)
        {
            Hash(buffers[buffer], hashes.Slice(buffer * chunks, chunks));
        }
    }

    private static void UpdateElement(in UpdateRun run, float scale, ref float w, float total, ReadOnlySpan<Tensor> state, int i)
    {
        var g = scale * total;
        switch (run.Rule)
        {
            case UpdateRule.Average:
                w = MathF.FusedMultiplyAdd(run.Momentum, total, (1 - run.Momentum) * w);
                break;
            case UpdateRule.Sgd:
                g = run.WeightDecay == 0 ? g : MathF.FusedMultiplyAdd(run.WeightDecay, w, g);
                if (run.Momentum != 0)
                {
                    ref var v = ref state[0].Host[i];
                    v = run.Step == 1 ? g : MathF.FusedMultiplyAdd(run.Momentum, v, (1 - run.Dampening) * g);
                    g = run.Nesterov ? MathF.FusedMultiplyAdd(run.Momentum, v, g) : v;
                }

                w = MathF.FusedMultiplyAdd(-run.LearningRate, g, w);
                break;
            case UpdateRule.Adam or UpdateRule.AdamW:
                Adam(run, g, ref w, ref state[0].Host[i], ref state[1].Host[i]);
                break;
            case UpdateRule.RmsProp:
                RmsProp(run, g, ref w, state, i);
                break;
            case UpdateRule.Adagrad:
                g = run.WeightDecay == 0 ? g : MathF.FusedMultiplyAdd(run.WeightDecay, w, g);
                ref var sum = ref state[0].Host[i];
                sum = MathF.FusedMultiplyAdd(g, g, run.Step == 1 ? run.InitialSquare : sum);
                w = MathF.FusedMultiplyAdd(-run.LearningRate, g / (MathF.Sqrt(sum) + run.Eps), w);
                break;
            case UpdateRule.Keep:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(run), run.Rule, "No such rule.");
        }
    }

    private static void Adam(in UpdateRun run, float g, ref float w, ref float m, ref float v)
    {
        var (rate, beta1, beta2) = ((double)(decimal)run.LearningRate, (double)(decimal)run.Beta1, (double)(decimal)run.Beta2);
        var (unseen1, unseen2) = (1.0, 1.0);
        for (var t = 0; t < run.Step; t++)
        {
            (unseen1, unseen2) = (unseen1 * beta1, unseen2 * beta2);
        }

        if (run.WeightDecay != 0 && run.Rule == UpdateRule.AdamW)
        {
            w = MathF.FusedMultiplyAdd(-(float)(rate * run.WeightDecay), w, w);
        }

        g = run.Rule == UpdateRule.Adam && run.WeightDecay != 0 ? MathF.FusedMultiplyAdd(run.WeightDecay, w, g) : g;
        m = MathF.FusedMultiplyAdd((float)(1 - beta1), g - m, m);
        v = MathF.FusedMultiplyAdd((float)(1 - beta2) * g, g, (float)beta2 * v);
        var divisor = (MathF.Sqrt(v) / (float)Math.Sqrt(1 - unseen2)) + run.Eps;
        w = MathF.FusedMultiplyAdd(-(float)(rate / (1 - unseen1)), m / divisor, w);
    }

    private static void RmsProp(in UpdateRun run, float g, ref float w, ReadOnlySpan<Tensor> state, int i)
    {
        var rest = (float)(1 - (double)(decimal)run.Beta2);
        g = run.WeightDecay == 0 ? g : MathF.FusedMultiplyAdd(run.WeightDecay, w, g);
        ref var square = ref state[0].Host[i];
        square = MathF.FusedMultiplyAdd(rest * g, g, run.Beta2 * square);
        var spread = square;
        if (run.Centered)
        {
            ref var mean = ref state[run.Momentum == 0 ? 1 : 2].Host[i];
            mean = MathF.FusedMultiplyAdd(rest, g - mean, mean);
            spread = MathF.FusedMultiplyAdd(-mean, mean, square) is var variance && variance < 0 ? 0 : variance;
        }

        var direction = g / (MathF.Sqrt(spread) + run.Eps);
        if (run.Momentum != 0)
        {
            direction = MathF.FusedMultiplyAdd(run.Momentum, state[1].Host[i], direction);
            state[1].Host[i] = direction;
        }

        w = MathF.FusedMultiplyAdd(-run.LearningRate, direction, w);
    }
}
