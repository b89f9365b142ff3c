using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Updates;

/// <param name="Steps">Ascending; they cover the buffers.</param>
/// <param name="State0">None where no step needs it; likewise <paramref name="State1"/>.</param>
/// <param name="Hashes">One for each chunk.</param>
internal readonly record struct UpdatePass(
    long Elements, ArrayView<UpdateStep> Steps, ArrayView<float> Weights, ArrayView<float> Total, ArrayView<float> State0, ArrayView<float> State1,
    ArrayView<ulong> Hashes);

/// <summary>
/// One pass over weights, total and state that also hashes the new weights. A group does a chunk: 7 warps update a tile, four elements in flight for each
/// thread, and leave the new weights in shared memory, where 16 threads of the other warp, the lanes, take those of the tile before into their hashes.
/// </summary>
internal static class WeightUpdateKernels
{
    public static readonly Kernel<UpdatePass> Update = Kernel.Of<UpdatePass>(UpdateChunk);

    private static void UpdateChunk(UpdatePass a)
    {
        var tiles = new ChunkTiles(a.Elements);
        var words = SharedMemory.Allocate<float>(2 * ChunkTiles.Elements);
        var step = StepAt(a.Steps, tiles.PlaceOf(0));
        var state = 0f;
        for (var tile = 0; tile <= tiles.Count; tile++)
        {
            if (ChunkTiles.IsWorker)
            {
                step = UpdateFour(a, step, tiles.PlaceOf(tile), tiles.LengthOf(tile), words, ChunkTiles.BufferOf(tile));
            }
            else if (ChunkTiles.IsLane && tile > 0)
            {
                state = HashTile(state, words, ChunkTiles.BufferOf(tile - 1), tiles.LengthOf(tile - 1));
            }

            Exact.Barrier();
        }

        if (ChunkTiles.IsLane)
        {
            words[Group.IdxX] = state;
        }

        Exact.Barrier();
        if (Group.IdxX == 0)
        {
            var hash = (ulong)tiles.Length;
            for (var lane = 0; lane < ChunkTiles.Lanes; lane++)
            {
                hash = WeightHash.Mix(hash, Interop.FloatAsInt(words[lane]));
            }

            var hashes = a.Hashes;
            hashes[Grid.IdxX] = hash;
        }
    }

    /// <summary>The last row is filled up with +0, which is what lies in shared memory beyond the end.</summary>
    private static float HashTile(float state, ArrayView<float> words, int buffer, int length)
    {
        for (var row = 0; row < length; row += ChunkTiles.Lanes)
        {
            state = ExactLane.HashStep(state, words[buffer + row + Group.IdxX]);
        }

        return state;
    }

    /// <summary>The number of the step that holds an element.</summary>
    private static int StepAt(ArrayView<UpdateStep> steps, long element)
    {
        var (low, high) = (0, (int)steps.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var holds = steps[middle].First + steps[middle].Elements > element;
            high = holds ? middle : high;
            low = holds ? low : middle + 1;
        }

        return low;
    }

    /// <returns>The step of the thread's last element.</returns>
    private static int UpdateFour(UpdatePass a, int step, long tile, int length, ArrayView<float> words, int buffer)
    {
        var i0 = ChunkTiles.FirstOfWorker;
        var (i1, i2, i3) = (i0 + ChunkTiles.Workers, i0 + (2 * ChunkTiles.Workers), i0 + (3 * ChunkTiles.Workers));
        var step0 = Follow(a.Steps, step, tile + i0, i0 < length);
        var step1 = Follow(a.Steps, step0, tile + i1, i1 < length);
        var step2 = Follow(a.Steps, step1, tile + i2, i2 < length);
        var step3 = Follow(a.Steps, step2, tile + i3, i3 < length);
        var (w0, w1) = (WeightAt.Load(a, step0, tile + i0, i0 < length), WeightAt.Load(a, step1, tile + i1, i1 < length));
        var (w2, w3) = (WeightAt.Load(a, step2, tile + i2, i2 < length), WeightAt.Load(a, step3, tile + i3, i3 < length));
        words[buffer + i0] = w0.Update(a, step0, tile + i0, i0 < length);
        words[buffer + i1] = w1.Update(a, step1, tile + i1, i1 < length);
        words[buffer + i2] = w2.Update(a, step2, tile + i2, i2 < length);
        words[buffer + i3] = w3.Update(a, step3, tile + i3, i3 < length);
        return step3;
    }

    /// <summary>The step that holds an element behind those of <paramref name="step"/>, or itself.</summary>
    private static int Follow(ArrayView<UpdateStep> steps, int step, long element, bool isElement)
    {
        while (isElement && steps[step].First + steps[step].Elements <= element)
        {
            step++;
        }

        return step;
    }
}

/// <summary>A weight and what belongs to it, in registers.</summary>
internal readonly record struct WeightAt(float W, float Total, float State0, float State1)
{
    /// <summary>+0 beyond the end.</summary>
    public static WeightAt Load(UpdatePass a, int step, long place, bool isElement)
    {
        if (!isElement)
        {
            return default;
        }

        var (hasState0, hasState1) = (a.Steps[step].NeedsVelocity || a.Steps[step].NeedsMoments, a.Steps[step].NeedsMoments);
        return new WeightAt(a.Weights[place], a.Total[place], hasState0 ? a.State0[place] : 0f, hasState1 ? a.State1[place] : 0f);
    }

    /// <summary>Writes the new weight and state; the weight is returned.</summary>
    public float Update(UpdatePass a, int step, long place, bool isElement)
    {
        if (!isElement || a.Steps[step].Rule == UpdateRule.Keep)
        {
            return W;
        }

        var s = a.Steps[step];
        var w = s.Rule == UpdateRule.Average ? LaneUpdate<ExactLane, float>.Average(s.Momentum, Total, W)
            : s.Rule == UpdateRule.Sgd ? Sgd(a, s, place)
            : Adam(a, s, place);
        var weights = a.Weights;
        weights[place] = w;
        return w;
    }

    private float Sgd(UpdatePass a, UpdateStep s, long place)
    {
        var g = Exact.Multiply(s.Scale, Total);
        g = s.WeightDecay != 0 ? LaneUpdate<ExactLane, float>.DecayedGradient(s.WeightDecay, W, g) : g;
        if (s.NeedsVelocity)
        {
            var velocity = a.State0;
            var v = s.IsFirst ? g : LaneUpdate<ExactLane, float>.Velocity(s.Momentum, s.Undampened, State0, g);
            velocity[place] = v;
            g = s.Nesterov ? LaneUpdate<ExactLane, float>.Nesterov(s.Momentum, v, g) : v;
        }

        return LaneUpdate<ExactLane, float>.Step(-s.LearningRate, g, W);
    }

    private float Adam(UpdatePass a, UpdateStep s, long place)
    {
        var (w, g, decoupled) = (W, Exact.Multiply(s.Scale, Total), s.Rule == UpdateRule.AdamW);
        if (s.WeightDecay != 0)
        {
            g = decoupled ? g : LaneUpdate<ExactLane, float>.DecayedGradient(s.WeightDecay, w, g);
            w = decoupled ? LaneUpdate<ExactLane, float>.DecayedWeight(s.WeightDecay, w) : w;
        }

        var (means, squares) = (a.State0, a.State1);
        var m = LaneUpdate<ExactLane, float>.Mean(s.Rest1, State0, g);
        var v = LaneUpdate<ExactLane, float>.Square(s.Rest2, s.Beta2, State1, g);
        means[place] = m;
        squares[place] = v;
        return LaneUpdate<ExactLane, float>.Step(-s.LearningRate, LaneUpdate<ExactLane, float>.Direction(m, v, s.RootCorrection2, s.Eps), w);
    }
}
