using System.Diagnostics;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <param name="MaxSamples">The most samples of one local batch.</param>
/// <param name="MaxRoots">The most subtree roots of one local batch: as many gradient buffers are held.</param>
/// <param name="Training">False plans for evaluation only: no gradients, no optimizer state.</param>
/// <param name="MaxGroups">The most batch norm groups of one local batch.</param>
public sealed record NetworkOptions(int MaxSamples, int MaxRoots = 1, bool Training = true, int MaxGroups = ShardTree.DefaultMaxShards)
{
    /// <summary>
    /// For one worker that has the whole batch as one root: <see cref="Network.Total"/> is that root's gradient itself, which
    /// <see cref="Network.DivideTotal"/> turns into the total where it lies.
    /// </summary>
    public bool TotalInPlace { get; init; }

    /// <summary>How batches that do not fit the device's memory are run; null: whole. See <see cref="NetworkFit"/>.</summary>
    public PartOptions? Parts { get; init; }

    /// <summary>Samples that pass through the network together, at most.</summary>
    internal int PassSamples => Parts?.Samples ?? MaxSamples;

    internal int GradientBuffers => MaxRoots + (Parts?.SpareBuffers ?? 0);
}

/// <param name="Shards">Of a part, at most.</param>
/// <param name="Samples">Of a part, at most.</param>
/// <param name="SpareBuffers">Gradient buffers that hold sums of parts which wait for others.</param>
public sealed record PartOptions(int Shards, int Samples, int SpareBuffers);

/// <summary>
/// A model laid out on a device: weights, activations, gradients and optimizer state in memory planned once. A step is
/// <see cref="ForwardBackward"/>, then the sum over all workers into <see cref="Total"/>, then <see cref="Apply"/>;
/// none of them allocates on the managed heap.
/// </summary>
public sealed class Network : IDisposable
{
    private readonly Device _device;
    private readonly TrainingRecipe _recipe;
    private readonly NetworkOptions _options;
    private readonly NetworkMemory _memory;
    private readonly Operation[] _forward;
    private readonly LayerContext[] _forwardContexts;
    private readonly Operation[] _backward;
    private readonly LayerContext[] _backwardContexts;
    private readonly BucketSchedule _buckets;
    private readonly LossStep _loss;
    private readonly HostBatch? _hostBatch;
    private readonly WeightUpdate? _update;
    private readonly StateBuffer _weights;
    private readonly StateBuffer _optimizerState;
    private readonly float[] _sampleWeights;
    private readonly Queue<(int Bucket, DeviceMark Complete)> _onTheirWay = [];
    private ulong _seed;
    private int _samples;

    /// <exception cref="ArgumentException">The options do not fit.</exception>
    /// <exception cref="ModelException">The model does not fit the recipe.</exception>
    /// <exception cref="NotSupportedException">The device has not the recipe's precision.</exception>
    public Network(Model model, Device device, TrainingRecipe recipe, NetworkOptions options)
    {
        if (options.MaxSamples < 1 || options.MaxRoots < 1)
        {
            throw new ArgumentException($"A network needs at least one sample and one root; got {options.MaxSamples} and {options.MaxRoots}.", nameof(options));
        }

        recipe.CheckFits(model);
        device = device.ForCompute(recipe.Precision.Compute);
        (Model, _device, _recipe, _options) = (model, device, recipe, options);
        Layout = ParameterLayout.Of(model, recipe.Loss.HasWeights);
        var plan = new NetworkPlan(model, options.Training);
        _update = options.Training ? new WeightUpdate(model, Layout, recipe) : null;
        _memory = new NetworkMemory(device, plan, Layout, options, recipe.Optimizer.StateBuffers);
        var contexts = plan.Forward.Concat(plan.Backward).Distinct().ToDictionary(operation => operation, _memory.Bind);
        (_forward, _backward) = ([.. plan.Forward], [.. plan.Backward]);
        _forwardContexts = [.. plan.Forward.Select(operation => contexts[operation])];
        _backwardContexts = [.. plan.Backward.Select(operation => contexts[operation])];
        _buckets = new BucketSchedule(plan, Layout);
        (_weights, _optimizerState) = (new StateBuffer(device, _memory.Weights), new StateBuffer(device, _memory.OptimizerState));
        _loss = new LossStep(device, model, recipe.Loss, _memory, Layout, options);
        _sampleWeights = new float[options.MaxSamples];
        _hostBatch = options.Parts is null ? null : new HostBatch(device, model, options.MaxSamples, _memory, _loss);
    }

    public Model Model { get; }

    public ParameterLayout Layout { get; }

    /// <summary>Host memory for the local batch's images, (MaxSamples, C, H, W); filled by the caller before a step.</summary>
    public Span<float> Input => _hostBatch is null ? _memory.Input.Host : _hostBatch.Input;

    /// <summary>Host memory for the local batch's class indices, (MaxSamples).</summary>
    public Span<int> Labels => _hostBatch is null ? _loss.Labels : _hostBatch.Labels;

    /// <summary>Host memory for what outputs should be, (MaxSamples, outputs): of a <see cref="SquaredError"/> that is not one-hot.</summary>
    public Span<float> Targets => _hostBatch is null ? _loss.Targets : _hostBatch.Targets;

    /// <summary>After a pass: the last layer's outputs, (samples, outputs).</summary>
    public ReadOnlySpan<float> Output => _hostBatch is null
        ? Read(_memory.Output.Slice(0, _samples * Model.OutputShape.Elements))
        : _hostBatch.Output[..checked((int)(_samples * Model.OutputShape.Elements))];

    /// <summary>After a pass: loss, weight and correctness of each local sample. Waits for the device.</summary>
    public SampleResults Results
    {
        get
        {
            _device.Synchronize();
            var losses = _hostBatch is null ? _loss.SampleLoss : _hostBatch.SampleLoss;
            var correct = _hostBatch is null ? _loss.SampleCorrect : _hostBatch.SampleCorrect;
            for (var i = 0; i < _samples; i++)
            {
                _sampleWeights[i] = _recipe.Loss.WeightOf(Labels[i]);
            }

            return new SampleResults(losses[.._samples], _sampleWeights.AsSpan(0, _samples), correct[.._samples]);
        }
    }

    /// <summary>The flat weights and running statistics, on the host. Valid until the next step.</summary>
    public ReadOnlySpan<float> Weights => _weights.Read();

    /// <summary>The optimizer's flat state (momentum buffers), on the host; empty when it has none. Valid until the next step.</summary>
    public ReadOnlySpan<float> OptimizerState => _optimizerState.Read();

    /// <summary>Host memory for the batch's finished gradient: all roots folded, divided by B. Written by the all-reduce.</summary>
    public Span<float> Total => _memory.Total.IsEmpty ? [] : _memory.Total.Host;

    /// <summary>So many elements of <see cref="Total"/>, from the first on, are rounded to bfloat16 once they are divided: all gradients or none, as the recipe says.</summary>
    public int RoundedElements => _recipe.Precision.Gradients == GradientPrecision.Bfloat16 ? Layout.ParameterElements : 0;

    /// <summary>Updates since <see cref="Initialize"/>: part of the state. Schedules and bias corrections follow from it.</summary>
    public long Updates { get; set; }

    /// <summary>The optimizer's rate in the last update, as the schedule had it; before the first, in that one.</summary>
    public double LearningRate => _recipe.Schedule.Rate(_recipe.Optimizer.LearningRate, Math.Max(0, Updates - 1), Length);

    /// <summary>Steps of an epoch, for schedules that move by epochs.</summary>
    public int StepsPerEpoch { get; set; } = 1;

    private TrainingLength Length => new(StepsPerEpoch, _recipe.Epochs);

    /// <summary>Told after each operation of a pass, whether it was backward: for those who measure.</summary>
    internal Action<Operation, bool>? OperationDone { get; set; }

    /// <summary>When the last <see cref="ForwardBackward"/> began its backward half (<see cref="Stopwatch.GetTimestamp"/>): for those who measure.</summary>
    public long BackwardStarted { get; private set; }

    /// <summary>
    /// Weights from the model's initialisers, Philox keyed by (seed; layer, element): the same everywhere. Optimizer state is zero again.
    /// The seed is also that of what layers draw in training.
    /// </summary>
    public void Initialize(ulong seed)
    {
        (_seed, Updates) = (seed, 0);
        EditWeights().Clear();
        EditOptimizerState().Clear();
        var slots = Layout.Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        var index = 0;
        foreach (var node in Model.Graph.Layers)
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

    /// <summary><see cref="Weights"/>, to be changed before the next pass.</summary>
    public Span<float> EditWeights() => _weights.Edit();

    /// <summary><see cref="OptimizerState"/>, to be changed before the next pass.</summary>
    public Span<float> EditOptimizerState() => _optimizerState.Edit();

    /// <summary>
    /// Forward, loss, backward. Gradients are sums over samples, not yet divided by B; they are
    /// complete on the host, bucket by bucket, when <paramref name="bucketReady"/> is told the bucket's index
    /// (on the calling thread), and all are when the method returns. The gradient of a root without samples is left alone. With
    /// <see cref="NetworkOptions.TotalInPlace"/> they stay on the device, and the device may still be at it when the method returns.
    /// </summary>
    public void ForwardBackward(BatchSlice slice, ulong step, Action<int>? bucketReady = null)
    {
        CheckSlice(slice);
        _samples = slice.LocalSamples;
        _weights.BringToDevice();
        if (_options.Parts is { } parts)
        {
            TrainInParts(slice, BatchParts.Of(slice, parts.Shards, _options.MaxRoots), step);
        }
        else
        {
            TrainPart(slice, firstBuffer: 0, step, bucketReady, sends: true);
        }

        Report(bucketReady, wait: true);
    }

    /// <summary>Forward and loss in evaluation mode, of the first <paramref name="samples"/> inputs.</summary>
    public void Evaluate(int samples) => InferParts(samples, withLoss: true);

    /// <summary>Forward in evaluation mode, of the first <paramref name="samples"/> inputs: what comes out is <see cref="Output"/>.</summary>
    public void Infer(int samples) => InferParts(samples, withLoss: false);

    /// <summary>Host view of the flat gradient of local root <paramref name="root"/> (index into the slice's roots).</summary>
    public ReadOnlySpan<float> Gradient(int root) => _options.TotalInPlace ? Read(_memory.Gradients[root]) : _memory.Gradients[root].Host;

    /// <summary>
    /// With <see cref="NetworkOptions.TotalInPlace"/>: Total = the whole batch's gradient / <paramref name="samples"/>, the same bits as
    /// <see cref="GradientTree.Fold"/> of one root, rounded as the recipe says. False when an element is not finite.
    /// </summary>
    public bool DivideTotal(int samples)
    {
        var finite = _device.Divide(_memory.Total, samples);
        return RoundedElements == 0 ? finite : _device.RoundToBfloat16(_memory.Total.Slice(0, RoundedElements)) && finite;
    }

    /// <summary>One optimizer pass over <see cref="Total"/>; returns a 64-bit hash of the new weights, equal on every member.</summary>
    public ulong Apply()
    {
        var update = _update ?? throw new InvalidOperationException("The network was planned for evaluation only.");
        _weights.BringToDevice();
        _optimizerState.BringToDevice();
        if (!_options.TotalInPlace)
        {
            _device.Upload(_memory.Total);
        }

        var hash = update.Run(_device, _memory, ++Updates, Length);
        _weights.ChangedOnDevice();
        _optimizerState.ChangedOnDevice();
        return hash;
    }

    public void Dispose() => _memory.Dispose();

    private ReadOnlySpan<float> Read(Tensor tensor)
    {
        _device.Download(tensor);
        _device.Synchronize();
        return tensor.Host;
    }

    /// <summary>Sends complete buckets of gradients to the host.</summary>
    private void Send(int[] buckets, BatchSlice slice)
    {
        foreach (var bucket in buckets)
        {
            for (var root = 0; root < slice.Roots.Count && !_options.TotalInPlace; root++)
            {
                if (slice.RootSamples(slice.Roots[root]) > 0)
                {
                    _device.Download(_memory.Gradients[root].Slice(Layout.Buckets[bucket].Offset, Layout.Buckets[bucket].Elements));
                }
            }

            _onTheirWay.Enqueue((bucket, _device.Mark()));
        }
    }

    /// <summary>Reports the buckets that have arrived on the host, or waits for all of them.</summary>
    private void Report(Action<int>? bucketReady, bool wait)
    {
        while (_onTheirWay.TryPeek(out var next) && (wait || _device.IsReached(next.Complete)))
        {
            if (!_options.TotalInPlace)
            {
                _device.Wait(next.Complete);
            }

            _onTheirWay.Dequeue();
            bucketReady?.Invoke(next.Bucket);
        }
    }

    private Span<float> ValuesOf(ParameterSlot slot) => EditWeights().Slice(slot.Offset, slot.Elements);

    /// <summary>Forward, loss and backward of samples that lie in the network's memory.</summary>
    /// <param name="slice">What they are.</param>
    /// <param name="firstBuffer">The gradient buffer of the first root.</param>
    /// <param name="step">Keys what layers draw.</param>
    /// <param name="bucketReady">Told of buckets that arrived on the host.</param>
    /// <param name="sends">Whether buckets go to the host as they are completed.</param>
    private void TrainPart(BatchSlice slice, int firstBuffer, ulong step, Action<int>? bucketReady, bool sends)
    {
        foreach (var context in _forwardContexts)
        {
            context.Train(slice, firstBuffer, _seed, step);
        }

        foreach (var context in _backwardContexts)
        {
            context.Train(slice, firstBuffer, _seed, step);
        }

        var isEmpty = slice.LocalSamples == 0;
        if (!isEmpty)
        {
            Forward(slice.LocalSamples);
            _loss.Run(slice, _memory.Gradients, firstBuffer);
        }

        BackwardStarted = Stopwatch.GetTimestamp();
        for (var i = 0; i < _backward.Length; i++)
        {
            if (!isEmpty)
            {
                _backward[i].Layer.Backward(_backwardContexts[i]);
                OperationDone?.Invoke(_backward[i], true);
            }

            if (sends)
            {
                Send(_buckets.After[i], slice);
                Report(bucketReady, wait: false);
            }
        }
    }

    private void TrainInParts(BatchSlice slice, IReadOnlyList<BatchPart> parts, ulong step)
    {
        foreach (var part in parts)
        {
            _hostBatch!.Bring(part.FirstSample, part.Slice.LocalSamples);
            TrainPart(part.Slice, part.Buffer, step, null, sends: false);
            foreach (var (left, right) in part.Sums)
            {
                var sum = _memory.Gradients[left];
                _device.Add(Layout.Elements, 1, sum, new OutputEpilogue(Activation.None, _memory.Gradients[right]), sum);
            }

            _hostBatch.Take(part.FirstSample, part.Slice.LocalSamples, outputs: false);
        }

        foreach (var buckets in _buckets.After)
        {
            Send(buckets, slice);
        }
    }

    private void InferParts(int samples, bool withLoss)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(samples, _options.MaxSamples);
        _samples = samples;
        _weights.BringToDevice();
        for (var first = 0; first < samples; first += _options.PassSamples)
        {
            var count = Math.Min(_options.PassSamples, samples - first);
            _hostBatch?.Bring(first, count);
            foreach (var context in _forwardContexts)
            {
                context.Evaluate(count);
            }

            Forward(count);
            if (withLoss)
            {
                _loss.Evaluate(count);
            }

            _hostBatch?.Take(first, count, outputs: true);
        }
    }

    private void Forward(int samples)
    {
        _device.Upload(_memory.Input.Slice(0, samples * Model.Input.Elements));
        for (var i = 0; i < _forward.Length; i++)
        {
            _forward[i].Layer.Forward(_forwardContexts[i]);
            OperationDone?.Invoke(_forward[i], false);
        }
    }

    private void CheckSlice(BatchSlice slice)
    {
        if (!_options.Training)
        {
            throw new InvalidOperationException("The network was planned for evaluation only.");
        }

        if (slice.LocalSamples > _options.MaxSamples || slice.Roots.Count > _options.MaxRoots)
        {
            throw new ArgumentException(
                $"The slice has {slice.LocalSamples} samples in {slice.Roots.Count} roots; "
                + $"the network was planned for {_options.MaxSamples} in {_options.MaxRoots}.",
                nameof(slice));
        }
    }
}
