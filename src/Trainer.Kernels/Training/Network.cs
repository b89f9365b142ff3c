using System.Diagnostics;
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
}

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
    private readonly WeightUpdate? _update;
    private ulong _seed;
    private int _samples;

    /// <exception cref="ArgumentException">The options do not fit.</exception>
    /// <exception cref="ModelException">The model does not fit the recipe.</exception>
    public Network(Model model, Device device, TrainingRecipe recipe, NetworkOptions options)
    {
        if (options.MaxSamples < 1 || options.MaxRoots < 1)
        {
            throw new ArgumentException($"A network needs at least one sample and one root; got {options}.", nameof(options));
        }

        recipe.CheckFits(model);
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
        _loss = new LossStep(device, model, recipe.Loss, _memory, Layout, options);
    }

    public Model Model { get; }

    public ParameterLayout Layout { get; }

    /// <summary>Host memory for the local batch's images, (MaxSamples, C, H, W); filled by the caller before a step.</summary>
    public Span<float> Input => _memory.Input.Host;

    /// <summary>Host memory for the local batch's class indices, (MaxSamples).</summary>
    public Span<int> Labels => _loss.Labels;

    /// <summary>Host memory for what outputs should be, (MaxSamples, outputs): of a <see cref="SquaredError"/> that is not one-hot.</summary>
    public Span<float> Targets => _loss.Targets;

    /// <summary>After a pass: the last layer's outputs, (samples, outputs).</summary>
    public ReadOnlySpan<float> Output => _memory.Output.Host[..checked((int)(_samples * Model.OutputShape.Elements))];

    /// <summary>After a pass: the loss of each local sample.</summary>
    public ReadOnlySpan<float> SampleLoss => _loss.SampleLoss[.._samples];

    /// <summary>After a pass: 1 where the largest output (the first among equals) is the label's, else 0.</summary>
    public ReadOnlySpan<byte> SampleCorrect => _loss.SampleCorrect[.._samples];

    /// <summary>Host view of the flat weights and running statistics. Valid between steps.</summary>
    public Span<float> Weights => _memory.Weights.Host;

    /// <summary>Host view of the optimizer's flat state (momentum buffers); empty when it has none.</summary>
    public Span<float> OptimizerState => HostOf(_memory.OptimizerState);

    /// <summary>Host memory for the batch's finished gradient: all roots folded, divided by B. Written by the all-reduce.</summary>
    public Span<float> Total => HostOf(_memory.Total);

    /// <summary>Updates since <see cref="Initialize"/>: part of the state. Schedules and bias corrections follow from it.</summary>
    public long Updates { get; set; }

    /// <summary>The optimizer's rate in the last update, as the schedule had it; before the first, in that one.</summary>
    public double LearningRate => _recipe.Schedule.Rate(_recipe.Optimizer.LearningRate, Math.Max(0, Updates - 1), StepsPerEpoch);

    /// <summary>Steps of an epoch, for schedules that move by epochs.</summary>
    public int StepsPerEpoch { get; set; } = 1;

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
        Weights.Clear();
        OptimizerState.Clear();
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

    /// <summary>
    /// Forward, loss, backward. Gradients are sums over samples, not yet divided by B; they are
    /// complete on the host, bucket by bucket, when <paramref name="bucketReady"/> is told the bucket's index
    /// (on the calling thread), and all are when the method returns. The gradient of a root without samples is left alone.
    /// </summary>
    public void ForwardBackward(BatchSlice slice, ulong step, Action<int>? bucketReady = null)
    {
        CheckSlice(slice);
        _samples = slice.LocalSamples;
        foreach (var context in _forwardContexts)
        {
            context.Train(slice, _seed, step);
        }

        foreach (var context in _backwardContexts)
        {
            context.Train(slice, _seed, step);
        }

        if (_samples > 0)
        {
            Forward();
            _loss.Run(slice, _memory.Gradients);
        }

        BackwardStarted = Stopwatch.GetTimestamp();
        for (var i = 0; i < _backward.Length; i++)
        {
            if (_samples > 0)
            {
                _backward[i].Layer.Backward(_backwardContexts[i]);
                OperationDone?.Invoke(_backward[i], true);
            }

            Report(_buckets.After[i], bucketReady);
        }
    }

    /// <summary>Forward and loss in evaluation mode, of the first <paramref name="samples"/> inputs.</summary>
    public void Evaluate(int samples)
    {
        Infer(samples);
        if (samples > 0)
        {
            _loss.Evaluate(samples);
        }
    }

    /// <summary>Forward in evaluation mode, of the first <paramref name="samples"/> inputs: what comes out is <see cref="Output"/>.</summary>
    public void Infer(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(samples, _options.MaxSamples);
        _samples = samples;
        foreach (var context in _forwardContexts)
        {
            context.Evaluate(samples);
        }

        if (samples > 0)
        {
            Forward();
        }
    }

    /// <summary>Host view of the flat gradient of local root <paramref name="root"/> (index into the slice's roots).</summary>
    public ReadOnlySpan<float> Gradient(int root) => _memory.Gradients[root].Host;

    /// <summary>
    /// With <see cref="NetworkOptions.TotalInPlace"/>: Total = the whole batch's gradient / <paramref name="samples"/>, the same bits as
    /// <see cref="GradientTree.Fold"/> of one root. False when an element is not finite.
    /// </summary>
    public bool DivideTotal(int samples) => _device.Divide(_memory.Total, samples);

    /// <summary>One optimizer pass over <see cref="Total"/>; returns a 64-bit hash of the new weights, equal on every member.</summary>
    public ulong Apply()
    {
        var update = _update ?? throw new InvalidOperationException("The network was planned for evaluation only.");
        return update.Run(_device, _memory, ++Updates, StepsPerEpoch);
    }

    public void Dispose() => _memory.Dispose();

    private static Span<float> HostOf(Tensor tensor) => tensor.IsEmpty ? [] : tensor.Host;

    private static void Report(int[] buckets, Action<int>? bucketReady)
    {
        foreach (var bucket in buckets)
        {
            bucketReady?.Invoke(bucket);
        }
    }

    private Span<float> ValuesOf(ParameterSlot slot) => Weights.Slice(slot.Offset, slot.Elements);

    private void Forward()
    {
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
