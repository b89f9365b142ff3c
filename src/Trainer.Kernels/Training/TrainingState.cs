using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>
/// The state after a step: weights and running statistics, what the optimizer keeps of them, and how far the training is. What a checkpoint holds and a
/// joiner receives; no assignment has a part in it. It lies on the device, as flat buffers one behind another, and is copied out and in by chunks
/// (<see cref="StateReader"/>, <see cref="StateWriter"/>).
/// </summary>
/// <remarks>
/// Chunk c of buffer b (the weights are buffer 0) is number b x chunks of a buffer + c: 65,536 elements, the last one of each buffer what is left. The hash is one
/// over the hashes of all chunks and the progress, the same whether the chunks were computed here or received.
/// </remarks>
public sealed class TrainingState : IDisposable
{
    private readonly Device _device;
    private readonly DeviceMemory _memory;
    private readonly StateBuffer _values;
    private readonly Tensor[] _buffers;
    private readonly ulong[] _hashes;
    private readonly ulong[] _fresh;
    private readonly List<StateReader> _readers = [];
    private bool _isHashed;

    /// <param name="optimizerBuffers">Flat buffers that the optimizer keeps (<see cref="Optimizer.StateBuffers"/>).</param>
    /// <param name="averages">Whether there is an average of the weights beside them, which is the last buffer.</param>
    public TrainingState(Device device, ParameterLayout layout, int optimizerBuffers, bool averages = false)
    {
        (_device, Layout, HasAverage) = (device, layout, averages);
        var elements = Elements(layout, optimizerBuffers + (averages ? 1 : 0));
        var all = new Tensor(device.Allocate(elements), 0, elements);
        (_memory, _values) = (all.Memory, new StateBuffer(device, all));
        _buffers = [.. Enumerable.Range(0, 1 + optimizerBuffers + (averages ? 1 : 0)).Select(buffer => all.Slice((long)buffer * layout.Elements, layout.Elements))];
        (_hashes, _fresh) = (new ulong[Chunks], new ulong[Chunks]);
    }

    public ParameterLayout Layout { get; }

    public TrainingProgress Progress { get; set; }

    /// <summary>Whether it has an average of the weights (<see cref="TrainingRecipe.Averaging"/>).</summary>
    public bool HasAverage { get; }

    /// <summary>Chunks of all buffers.</summary>
    public int Chunks => _buffers.Length * Layout.Chunks;

    /// <summary>The flat weights and running statistics, on the host. Valid until the state is next changed.</summary>
    public ReadOnlySpan<float> Weights => _values.Read()[..Layout.Elements];

    /// <summary>What the optimizer keeps, buffer by buffer, on the host; empty when it keeps nothing. Valid until the state is next changed.</summary>
    public ReadOnlySpan<float> OptimizerState => _values.Read()[OptimizerPlace];

    /// <summary>What is evaluated, and what a training's result is: the average of the weights once there is one, with its running statistics; else <see cref="Weights"/>. Valid as long.</summary>
    public ReadOnlySpan<float> ResultWeights => UsesAverage ? _values.Read()[^Layout.Elements..] : Weights;

    /// <summary>One tensor of <see cref="ResultWeights"/>, without bringing the others to the host. Valid as long.</summary>
    public ReadOnlySpan<float> ResultOf(ParameterSlot slot) => _values.Read((UsesAverage ? _buffers[^1] : _buffers[0]).Slice(slot.Offset, slot.Elements));

    /// <summary>Whether <see cref="ResultWeights"/> are the average.</summary>
    public bool UsesAverage => HasAverage && Progress.Averaged > 0;

    /// <summary>Of weights and running statistics alone.</summary>
    public ulong WeightsHash => WeightHash.OfChunks(Layout.Elements, Known()[..Layout.Chunks]);

    /// <summary>Of everything: known since it was written, received or last asked for. <see cref="HashAgain"/> looks at the memory.</summary>
    public ulong Hash => HashOf(Known());

    /// <summary>The weights, then the optimizer's buffers, then the average of the weights, on the device.</summary>
    internal ReadOnlySpan<Tensor> Buffers => _buffers;

    private Range OptimizerPlace => Layout.Elements..(HasAverage ? ^Layout.Elements : ^0);

    /// <summary>Elements of all buffers.</summary>
    /// <param name="beside">Buffers beside the weights.</param>
    public static long Elements(ParameterLayout layout, int beside) => (1L + beside) * layout.Elements;

    /// <summary>
    /// The state after step 0: weights from the model's initialisers, Philox keyed by (seed; layer, element), the same everywhere; the other buffers are zero.
    /// </summary>
    public void Initialize(Model model, ulong seed)
    {
        Progress = default;
        Edit().Clear();
        var slots = Layout.Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        var index = 0;
        foreach (var node in model.Graph.Layers)
        {
            foreach (var parameter in node.Parameters)
            {
                parameter.Initial.Fill(ValuesOf(slots[node.NameOf(parameter.Name)]), seed, index++);
            }

            foreach (var statistic in node.Statistics)
            {
                ValuesOf(slots[node.NameOf(statistic.Name)]).Fill(statistic.Initial);
            }
        }
    }

    /// <summary>What torch.nn calls num_batches_tracked: batches that a layer's running statistics in <see cref="ResultWeights"/> have seen, before this training and in it.</summary>
    /// <param name="counter">Its name in the state dict: <c>1.num_batches_tracked</c>.</param>
    public long BatchesTracked(string counter) => Progress.BatchesOf(Layout.CounterOf(counter));

    /// <summary><see cref="Weights"/>, to be changed before the device next uses the state.</summary>
    public Span<float> EditWeights() => Edit()[..Layout.Elements];

    /// <summary><see cref="OptimizerState"/>, to be changed before the device next uses the state.</summary>
    public Span<float> EditOptimizerState() => Edit()[OptimizerPlace];

    /// <summary>Elements of a chunk.</summary>
    public int ElementsOf(int chunk) => Math.Min(Chunk.Elements, Layout.Elements - (chunk % Layout.Chunks * Chunk.Elements));

    /// <summary>Copies a chunk out.</summary>
    /// <param name="target">As long as <see cref="ElementsOf"/> says.</param>
    public void CopyTo(int chunk, Span<float> target)
    {
        CheckLength(chunk, target.Length);
        _values.Read(PlaceOf(chunk)).CopyTo(target);
    }

    /// <summary>The hash of what lies in memory now: another than <see cref="Hash"/> where something has changed it since.</summary>
    public ulong HashAgain()
    {
        Rehash(_fresh);
        return HashOf(_fresh);
    }

    public void Dispose()
    {
        KeepForReaders();
        _memory.Dispose();
    }

    /// <summary>Begins to copy the state out. To be called by whoever drives the device.</summary>
    internal StateReader OpenReader()
    {
        _values.Read();
        var reader = new StateReader(this, Hash);
        _readers.Add(reader);
        return reader;
    }

    /// <summary>What a reader copies: a chunk of the host's view, which must have been brought there.</summary>
    internal ReadOnlySpan<float> HostOf(int chunk) => PlaceOf(chunk).Host;

    /// <summary>Before values change: copies for whoever reads this state what they have not read.</summary>
    internal void KeepForReaders()
    {
        _readers.ForEach(reader => reader.Keep());
        _readers.Clear();
    }

    /// <summary>Copies a chunk in, from another holder of the state or a file.</summary>
    /// <param name="source">As long as <see cref="ElementsOf"/> says.</param>
    internal void Restore(int chunk, ReadOnlySpan<float> source)
    {
        CheckLength(chunk, source.Length);
        KeepForReaders();
        _values.Write(PlaceOf(chunk), source);
        _isHashed = false;
    }

    /// <summary>To be called before the device reads the buffers.</summary>
    internal void BringToDevice() => _values.BringToDevice();

    /// <summary>Writes the state that follows on <paramref name="before"/> by an optimizer's runs; returns the hash of what was read.</summary>
    /// <param name="ofTotal">Receives the hash of each chunk of the total as it was read; empty: not wanted.</param>
    /// <param name="ofAverage">The runs change the average of the weights, as if it were the weights, and those stay.</param>
    internal ulong Update(TrainingState before, ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, Span<ulong> ofTotal = default, bool ofAverage = false)
    {
        KeepForReaders();
        before.BringToDevice();
        _device.Updates.Update(runs, scale, total, before.InOrder(ofAverage), InOrder(ofAverage), before._fresh, _hashes, ofTotal);
        if (ofAverage)
        {
            SwapEnds(before._fresh);
            SwapEnds(_hashes);
        }

        _values.ChangedOnDevice();
        _isHashed = true;
        if (!before._isHashed)
        {
            before._fresh.CopyTo(before._hashes, 0);
            before._isHashed = true;
        }

        return before.HashOf(before._fresh);
    }

    /// <exception cref="ArgumentException">There is no such chunk, or it has another length.</exception>
    internal void CheckLength(int chunk, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunk, Chunks);
        if (length != ElementsOf(chunk))
        {
            throw new ArgumentException($"Chunk {chunk} of the state has {ElementsOf(chunk)} elements, got {length}.");
        }
    }

    private Tensor[] InOrder(bool averageFirst) => averageFirst ? [_buffers[^1], .. _buffers[1..^1], _buffers[0]] : _buffers;

    /// <summary>Puts the hashes of chunks of buffers whose average came first to their places.</summary>
    private void SwapEnds(ulong[] hashes)
    {
        for (var chunk = 0; chunk < Layout.Chunks; chunk++)
        {
            var last = hashes.Length - Layout.Chunks + chunk;
            (hashes[chunk], hashes[last]) = (hashes[last], hashes[chunk]);
        }
    }

    private ulong HashOf(ReadOnlySpan<ulong> chunks)
    {
        var hash = WeightHash.OfChunks(Layout.Elements, chunks[..Layout.Chunks]);
        for (var first = Layout.Chunks; first < chunks.Length; first += Layout.Chunks)
        {
            hash = WeightHash.Mix(hash, WeightHash.OfChunks(Layout.Elements, chunks.Slice(first, Layout.Chunks)));
        }

        return Progress.Hash(hash);
    }

    private ReadOnlySpan<ulong> Known()
    {
        if (!_isHashed)
        {
            Rehash(_hashes);
            _isHashed = true;
        }

        return _hashes;
    }

    private void Rehash(ulong[] hashes)
    {
        BringToDevice();
        for (var i = 0; i < _buffers.Length; i++)
        {
            _device.Updates.Hash(_buffers[i], hashes.AsSpan(i * Layout.Chunks, Layout.Chunks));
        }
    }

    private Span<float> Edit()
    {
        _isHashed = false;
        KeepForReaders();
        return _values.Edit();
    }

    private Span<float> ValuesOf(ParameterSlot slot) => EditWeights().Slice(slot.Offset, slot.Elements);

    private Tensor PlaceOf(int chunk) => _buffers[chunk / Layout.Chunks].Slice(chunk % Layout.Chunks * (long)Chunk.Elements, ElementsOf(chunk));
}
