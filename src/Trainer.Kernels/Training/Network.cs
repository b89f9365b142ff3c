using System.Diagnostics;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <param name="MaxSamples">The most samples of one local batch.</param>
/// <param name="MaxRoots">The most subtree roots of one local batch: as many gradient buffers are held.</param>
/// <param name="Training">False plans for evaluation only: no gradients, no optimizer state.</param>
public sealed record NetworkOptions(int MaxSamples, int MaxRoots = 1, bool Training = true);

/// <summary>
/// A model laid out on a device: weights, activations, gradients and optimizer state in memory planned once. A step is
/// <see cref="ForwardBackward"/>, then the sum over all workers into <see cref="Total"/>, then <see cref="Apply"/>;
/// none of them allocates on the managed heap.
/// </summary>
public sealed class Network : IDisposable
{
    private readonly Device _device;
    private readonly IOptimizer _optimizer;
    private readonly NetworkOptions _options;
    private readonly NetworkMemory _memory;
    private readonly Layer[] _layers;
    private readonly LayerContext[] _contexts;
    private readonly int[][] _bucketsAfter;
    private readonly int _firstTrained;
    private readonly int[] _labels;
    private readonly float[] _sampleLoss;
    private readonly byte[] _sampleCorrect;
    private int _samples;

    public Network(Model model, Device device, IOptimizer optimizer, NetworkOptions options)
    {
        if (options.MaxSamples < 1 || options.MaxRoots < 1)
        {
            throw new ArgumentException($"A network needs at least one sample and one root; got {options}.", nameof(options));
        }

        (Model, _device, _optimizer, _options) = (model, device, optimizer, options);
        Layout = ParameterLayout.Of(model);
        var plan = new NetworkPlan(model, options.Training);
        _memory = new NetworkMemory(device, plan, Layout, options, optimizer.StateBuffers);
        _layers = [.. plan.Operations.Select(operation => operation.Node.Layer)];
        _contexts = [.. plan.Operations.Select(operation => _memory.Bind(operation))];
        _firstTrained = options.Training ? plan.Operations.TakeWhile(operation => !operation.IsTrained).Count() : _layers.Length;
        _bucketsAfter = BucketsAfter(plan, Layout);
        _labels = new int[options.MaxSamples];
        _sampleLoss = new float[options.MaxSamples];
        _sampleCorrect = new byte[options.MaxSamples];
    }

    public Model Model { get; }

    public ParameterLayout Layout { get; }

    /// <summary>Host memory for the local batch's images, (MaxSamples, C, H, W); filled by the caller before a step.</summary>
    public Span<float> Input => _memory.Input.Host;

    /// <summary>Host memory for the local batch's class indices, (MaxSamples).</summary>
    public Span<int> Labels => _labels;

    /// <summary>After a pass: the loss of each local sample.</summary>
    public ReadOnlySpan<float> SampleLoss => _sampleLoss.AsSpan(0, _samples);

    /// <summary>After a pass: 1 where the largest logit (the first among equals) is the label's, else 0.</summary>
    public ReadOnlySpan<byte> SampleCorrect => _sampleCorrect.AsSpan(0, _samples);

    /// <summary>Host view of the flat weights. Valid between steps.</summary>
    public Span<float> Weights => _memory.Weights.Host;

    /// <summary>Host view of the optimizer's flat state (momentum buffers); empty when it has none.</summary>
    public Span<float> OptimizerState => HostOf(_memory.OptimizerState);

    /// <summary>Host memory for the batch's finished gradient: all roots folded, divided by B. Written by the all-reduce.</summary>
    public Span<float> Total => HostOf(_memory.Total);

    /// <summary>When the last <see cref="ForwardBackward"/> began its backward half (<see cref="Stopwatch.GetTimestamp"/>): for those who measure.</summary>
    public long BackwardStarted { get; private set; }

    /// <summary>Weights from the model's initialisers, Philox keyed by (seed; layer, element): the same everywhere. Optimizer state is zero again.</summary>
    public void Initialize(ulong seed)
    {
        Weights.Clear();
        OptimizerState.Clear();
        var parameters = Model.Graph.Nodes.SelectMany(node => node.Parameters).ToList();
        for (var i = 0; i < parameters.Count; i++)
        {
            var slot = Layout.Slots[parameters.Count - 1 - i];
            parameters[i].Initial.Fill(Weights.Slice(slot.Offset, slot.Elements), seed, i);
        }
    }

    /// <summary>
    /// Forward, mean cross entropy, backward. Gradients are sums over samples, not yet divided by B; they are
    /// complete on the host, bucket by bucket, when <paramref name="bucketReady"/> is told the bucket's index
    /// (on the calling thread), and all are when the method returns. The gradient of a root without samples is left alone.
    /// </summary>
    public void ForwardBackward(BatchSlice slice, ulong step, Action<int>? bucketReady = null)
    {
        CheckSlice(slice);
        _samples = slice.LocalSamples;
        foreach (var context in _contexts)
        {
            context.Train(slice, step);
        }

        if (_samples > 0)
        {
            Forward();
            Loss(_memory.LogitsGradient);
        }

        BackwardStarted = Stopwatch.GetTimestamp();
        for (var i = _layers.Length - 1; i >= _firstTrained; i--)
        {
            if (_samples > 0)
            {
                _layers[i].Backward(_contexts[i]);
            }

            foreach (var bucket in _bucketsAfter[i])
            {
                bucketReady?.Invoke(bucket);
            }
        }
    }

    /// <summary>Forward and loss in evaluation mode, of the first <paramref name="samples"/> inputs.</summary>
    public void Evaluate(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(samples, _options.MaxSamples);
        _samples = samples;
        foreach (var context in _contexts)
        {
            context.Evaluate(samples);
        }

        if (samples > 0)
        {
            Forward();
            Loss(default);
        }
    }

    /// <summary>Host view of the flat gradient of local root <paramref name="root"/> (index into the slice's roots).</summary>
    public ReadOnlySpan<float> Gradient(int root) => _memory.Gradients[root].Host;

    /// <summary>One optimizer pass over <see cref="Total"/>; returns a 64-bit hash of the new weights, equal on every member.</summary>
    public ulong Apply() => _optimizer.Apply(_device, _memory.Weights, _memory.Total, _memory.OptimizerState);

    public void Dispose() => _memory.Dispose();

    private static Span<float> HostOf(Tensor tensor) => tensor.IsEmpty ? [] : tensor.Host;

    private void Forward()
    {
        for (var i = 0; i < _layers.Length; i++)
        {
            _layers[i].Forward(_contexts[i]);
        }
    }

    private void Loss(Tensor dlogits) =>
        _device.SoftmaxCrossEntropy(default, Model.Classes, _samples, _memory.Logits, _labels, _sampleLoss, _sampleCorrect, dlogits);

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

    /// <summary>For each operation, the buckets whose gradients are complete once its backward has run.</summary>
    private static int[][] BucketsAfter(NetworkPlan plan, ParameterLayout layout)
    {
        var slots = layout.Slots.ToDictionary(slot => slot.Name);
        var operations = plan.Operations;
        int Completes(Bucket bucket) => Enumerable.Range(0, operations.Count).First(i => operations[i].Node.ParameterNames
            .Any(name => slots[name].Offset >= bucket.Offset && slots[name].Offset < bucket.Offset + bucket.Elements));

        var completes = layout.Buckets.ToLookup(Completes, bucket => bucket.Index);
        return [.. Enumerable.Range(0, operations.Count).Select(i => completes[i].ToArray())];
    }
}
