using System.Diagnostics;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>
/// A model laid out on a device for some local batches: a workspace (images, activations, gradients, in memory planned once) over a training's state. A step is
/// <see cref="ForwardBackward"/>, then the sum over all workers into <see cref="Total"/>, then <see cref="Apply"/> and <see cref="StatePair.Flip"/>; none of them allocates on the managed heap.
/// For other batches another network is made over the same states.
/// </summary>
public sealed class Network : IDisposable
{
    private readonly Device _device;
    private readonly TrainingRecipe _recipe;
    private readonly NetworkMemory _memory;
    private readonly NetworkPasses _passes;
    private readonly LossStep _loss;
    private readonly HostBatch? _hostBatch;
    private readonly WeightUpdate? _update;
    private readonly float[] _results;
    private readonly ulong[] _totalHashes;
    private readonly bool _ownsStates;
    private readonly IReadOnlySet<int> _kept;
    private readonly NetworkRun _run;

    /// <summary>A network with states of its own.</summary>
    /// <exception cref="ArgumentException">The options do not fit.</exception>
    /// <exception cref="ModelException">The model does not fit the recipe.</exception>
    /// <exception cref="NotSupportedException">The device has not the recipe's precision.</exception>
    public Network(Model model, Device device, TrainingRecipe recipe, NetworkOptions options)
        : this(model, device, recipe, options, null)
    {
    }

    /// <summary>A network over states that stay when it goes.</summary>
    /// <param name="states">Of this model, recipe and device; null: it makes its own, which go with it.</param>
    /// <exception cref="ArgumentException">The options or the states do not fit.</exception>
    /// <exception cref="ModelException">The model does not fit the recipe.</exception>
    /// <exception cref="NotSupportedException">The device has not the recipe's precision.</exception>
    public Network(Model model, Device device, TrainingRecipe recipe, NetworkOptions options, StatePair? states)
    {
        if (options.MaxSamples < 1 || options.MaxRoots < 1)
        {
            throw new ArgumentException($"A network needs at least one sample and one root; got {options.MaxSamples} and {options.MaxRoots}.", nameof(options));
        }

        if (options is { Kept.Count: > 0 } and ({ Training: true } or { Parts: not null }))
        {
            throw new ArgumentException("Outputs of layers are kept where whole batches are evaluated; this network trains, or runs batches in parts.", nameof(options));
        }

        recipe.CheckFits(model);
        var products = device.ProductsIn(recipe.Precision.Compute);
        (Model, _device, _recipe, _kept) = (model, device, recipe, options.Kept);
        Layout = ParameterLayout.Of(model, recipe.Loss.HasWeights);
        _ownsStates = states is null;
        States = states ?? (options.Training ? StatePair.Create(device, Layout, recipe) : StatePair.ForEvaluation(device, Layout));
        if (States.Current.Layout.Elements != Layout.Elements)
        {
            throw new ArgumentException($"The states have {States.Current.Layout.Elements} elements, the model needs {Layout.Elements}.", nameof(states));
        }

        _totalHashes = new ulong[Layout.Chunks];
        var plan = new NetworkPlan(model, options.Training, options.Kept);
        _update = options.Training ? new WeightUpdate(model, Layout, recipe) : null;
        _memory = new NetworkMemory(device, plan, States, options);
        _passes = new NetworkPasses(plan, operation => _memory.Bind(operation, products, operation.Node?.StatisticNames.Any(recipe.FreezesStatistic) == true));
        _loss = new LossStep(device, model, recipe.Loss, _memory, Layout, options);
        _results = new float[SampleResults.Rows * options.MaxSamples];
        _hostBatch = options.Parts is null ? null : new HostBatch(device, model, options.MaxSamples, _memory, _loss);
        var sender = new GradientSender(device, new BucketSchedule(plan, Layout), Layout, _memory.Gradients);
        _run = new NetworkRun(device, model, options, States, _memory, _passes, sender, _loss, _hostBatch);
    }

    public Model Model { get; }

    public ParameterLayout Layout { get; }

    /// <summary>What the network trains.</summary>
    public StatePair States { get; }

    /// <summary>The state after the last step.</summary>
    public TrainingState State => States.Current;

    /// <summary>Of what layers draw in training.</summary>
    public ulong Seed { get; set; }

    /// <summary>Host memory for the local batch's images, (MaxSamples, C, H, W); filled by the caller before a step.</summary>
    public Span<float> Input => _hostBatch is null ? _memory.Input.Host : _hostBatch.Input;

    /// <summary>Host memory for the local batch's class indices, (MaxSamples).</summary>
    public Span<int> Labels => _hostBatch is null ? _loss.Labels : _hostBatch.Labels;

    /// <summary>Host memory for the second class indices of mixed samples, (MaxSamples); empty where the loss does not mix labels.</summary>
    public Span<int> OtherLabels => _hostBatch is null ? _loss.Others : _hostBatch.Others;

    /// <summary>What the labels of the next passes' samples count; null: samples have one label.</summary>
    public LabelShares? Shares
    {
        get => _loss.Shares;
        set => _loss.Shares = value;
    }

    /// <summary>Takes a loader's next batch for the next pass.</summary>
    /// <returns>Its samples.</returns>
    /// <exception cref="DataFileException">One of them cannot be read.</exception>
    public int Fill(BatchLoader loader, CancellationToken interruption = default)
    {
        var samples = loader.Take(new BatchBuffers(Input, Labels, OtherLabels, Targets, _loss.TargetElements), out var mixture, interruption);
        Shares = mixture is { } mixed ? new LabelShares(mixed.Own, mixed.Partners) : null;
        return samples;
    }

    /// <summary>Host memory for what outputs should be, (MaxSamples, outputs): of an <see cref="OutputLoss"/> that is not one-hot.</summary>
    public Span<float> Targets => _hostBatch is null ? _loss.Targets : _hostBatch.Targets;

    /// <summary>After a pass: the last layer's outputs, (samples, outputs).</summary>
    public ReadOnlySpan<float> Output => _hostBatch is null
        ? Read(_memory.Output.Slice(0, _run.Samples * Model.OutputShape.Elements))
        : _hostBatch.Output[..checked((int)(_run.Samples * Model.OutputShape.Elements))];

    /// <summary>After a pass in evaluation mode: what a layer gave for a sample, in the order of its shape. Waits for the device.</summary>
    /// <param name="layer">One of <see cref="NetworkOptions.Kept"/>.</param>
    /// <param name="sample">Of the batch.</param>
    /// <exception cref="ArgumentException">The layer's output is not kept, or there is no such sample.</exception>
    public float[] OutputOf(int layer, int sample)
    {
        if (!_kept.Contains(layer) || (uint)sample >= (uint)_run.Samples)
        {
            throw new ArgumentException($"Layer {layer} and sample {sample} are asked for; kept are the outputs of layers [{string.Join(", ", _kept.Order())}] for {_run.Samples} samples.");
        }

        var output = _memory.Kept(layer);
        var elements = checked((int)Model.Graph.Nodes[layer].Output.Shape.Elements);
        var stride = output.SampleStride > 0 ? (int)output.SampleStride : elements;
        return Read(output).Slice(sample * stride, elements).ToArray();
    }

    /// <summary>After a pass: what it found out about each local sample. Waits for the device.</summary>
    public SampleResults Results
    {
        get
        {
            _device.Synchronize();
            var samples = _run.Samples;
            var results = _results.AsSpan(0, SampleResults.Rows * samples);
            (_hostBatch is null ? _loss.SampleLoss : _hostBatch.SampleLoss)[..samples].CopyTo(results);
            (_hostBatch is null ? _loss.SampleCorrect : _hostBatch.SampleCorrect)[..samples].CopyTo(results[(2 * samples)..]);
            for (var i = 0; i < samples; i++)
            {
                (results[samples + i], results[(3 * samples) + i]) = (Shares is null ? _recipe.Loss.WeightOf(Labels[i]) : 1, Labels[i] == _recipe.Loss.Ignored ? 0 : 1);
            }

            if (_run.Evaluates && Model.OutputShape.Elements == Model.Classes)
            {
                LabelRank.Fill(Output, Labels[..samples], results.Slice(4 * samples, samples), results[(5 * samples)..]);
            }
            else
            {
                results[(4 * samples)..].Clear();
            }

            return new SampleResults(results);
        }
    }

    /// <summary>The state's weights and running statistics, on the host. Valid until the next step.</summary>
    public ReadOnlySpan<float> Weights => State.Weights;

    /// <summary>Host memory for the batch's finished gradient: all roots folded, divided by B. Written by the all-reduce.</summary>
    public Span<float> Total => _memory.Total.IsEmpty ? [] : _memory.Total.Host;

    /// <summary>So many elements of <see cref="Total"/>, from the first on, are rounded to bfloat16 once they are divided: all gradients or none, as the recipe says.</summary>
    public int RoundedElements => _recipe.Precision.Gradients == GradientPrecision.Bfloat16 ? Layout.ParameterElements : 0;

    /// <summary>What torch.nn calls num_batches_tracked: batches that a layer's running statistics have seen, before this training and in it.</summary>
    /// <param name="counter">Its name in the state dict: <c>1.num_batches_tracked</c>.</param>
    public long BatchesTracked(string counter) => State.BatchesTracked(counter);

    /// <summary>Sets how many of them there were before this training.</summary>
    public void TrackBatchesFrom(string counter, long batches)
    {
        var before = new long[Layout.Counters.Count];
        State.Progress.BatchesBefore.ToArray().CopyTo(before, 0);
        before[Layout.CounterOf(counter)] = batches;
        State.Progress = State.Progress with { BatchesBefore = before };
    }

    /// <summary>The optimizer's rate in the last update, as the schedule had it; before the first, in that one.</summary>
    public double LearningRate => _recipe.Schedule.Rate(
        _recipe.Optimizer.LearningRate, Math.Max(0, State.Progress.Updates - 1), Length with { Past = State.Progress.EpochsBeforeUpdate });

    /// <summary>The norm of the last update's gradient over all parameters that are trained, before clipping; null where nothing is clipped (<see cref="TrainingRecipe.ClipGradNorm"/>).</summary>
    public double? GradientNorm => _update?.GradientNorm;

    /// <summary>Steps of an epoch, for schedules that move by epochs.</summary>
    public int StepsPerEpoch { get; set; } = 1;

    private TrainingLength Length => new(StepsPerEpoch, _recipe.Epochs) { Past = State.Progress.Epochs };

    /// <summary>Ends a pass between two operations, by an <see cref="OperationCanceledException"/>: what the pass computed is of no meaning then, the state is as it was.</summary>
    public CancellationToken Interruption
    {
        set => _passes.Interruption = value;
    }

    /// <summary>Told before each operation of a pass, by the thread that computes: however long a pass takes, one that computes is not stuck.</summary>
    public Action? Progressing
    {
        set => _passes.Progressing = value;
    }

    /// <summary>Brings the parts of batch norm groups that other members share; null: all groups are whole here.</summary>
    public IBatchExchange? Exchange
    {
        set => _passes.Exchange = value;
    }

    /// <summary>Told after each operation of a pass, whether it was backward: for those who measure.</summary>
    internal Action<Operation, bool>? OperationDone
    {
        set => _passes.OperationDone = value;
    }

    /// <summary>When the last <see cref="ForwardBackward"/> began its backward half (<see cref="Stopwatch.GetTimestamp"/>): for those who measure.</summary>
    public long BackwardStarted => _run.BackwardStarted;

    /// <summary>The state after step 0 (<see cref="TrainingState.Initialize"/>); the seed is also that of what layers draw in training.</summary>
    public void Initialize(ulong seed)
    {
        Seed = seed;
        State.Initialize(Model, seed);
    }

    /// <summary><see cref="Weights"/>, to be changed before the next pass.</summary>
    public Span<float> EditWeights() => State.EditWeights();

    /// <summary>
    /// Forward, loss, backward. Gradients are sums over samples, not yet divided by B; they are
    /// complete on the host, bucket by bucket, when <paramref name="bucketReady"/> is told the bucket's index
    /// (on the calling thread), and all are when the method returns. The gradient of a root without samples is left alone.
    /// </summary>
    public void ForwardBackward(BatchSlice slice, ulong step, Action<int>? bucketReady = null)
    {
        _run.Train(slice, Seed, step, bucketReady);
    }

    /// <summary>
    /// Forward in training mode with the averaged weights, to estimate their running statistics as torch.optim.swa_utils.update_bn does: gradients are the batch's statistics, and 0 for
    /// parameters. Otherwise as <see cref="ForwardBackward"/>; <see cref="ApplyEstimate"/> takes what they come to.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no average.</exception>
    public void Estimate(BatchSlice slice, ulong step, Action<int>? bucketReady = null)
    {
        if (!State.UsesAverage)
        {
            throw new InvalidOperationException("There is no average of the weights whose running statistics could be estimated.");
        }

        _run.Estimate(slice, Seed, step, bucketReady);
    }

    /// <summary>Forward and loss in evaluation mode, of the first <paramref name="samples"/> inputs.</summary>
    public void Evaluate(int samples) => _run.Infer(samples, withLoss: true);

    /// <summary>Forward in evaluation mode, of the first <paramref name="samples"/> inputs: what comes out is <see cref="Output"/>.</summary>
    public void Infer(int samples) => _run.Infer(samples, withLoss: false);

    /// <summary>Host view of the flat gradient of local root <paramref name="root"/> (index into the slice's roots).</summary>
    public ReadOnlySpan<float> Gradient(int root) => _memory.Gradients[root].Host;

    /// <summary>
    /// One optimizer pass over <see cref="Total"/>, which reads the current state and writes the next one beside it; <see cref="StatePair.Flip"/> then makes it
    /// the current one. The hashes of both are equal on every member.
    /// </summary>
    /// <param name="sums">What the batch came to, for the sums of the epoch.</param>
    /// <param name="totals">The hash of each chunk of <see cref="Total"/> (<see cref="Devices.IUpdates.Hash"/>) as it should be; empty: it is not looked at.</param>
    /// <exception cref="CorruptStateException">The total that was read is another. Nothing has changed.</exception>
    public AppliedHashes Apply(in PassSums sums = default, ReadOnlySpan<ulong> totals = default)
    {
        var update = _update ?? throw new InvalidOperationException("The network was planned for evaluation only.");
        _device.Upload(_memory.Total);
        States.BeginApply();
        var read = update.Run(_device, _memory.Total, State, States.Other, Length, totals.IsEmpty ? default : _totalHashes);
        CheckTotal(totals);
        var next = State.Progress.Trained(sums);
        return States.EndApply(read, update.TakesAverage ? next.TakenIntoAverage() : next);
    }

    /// <summary>
    /// The step that an estimate is: <see cref="Total"/> is what <see cref="Estimate"/> has found, the average's running statistics take it into their mean, and all else stays. To be followed by <see cref="StatePair.Flip"/>.
    /// </summary>
    /// <param name="totals">As in <see cref="Apply"/>.</param>
    /// <exception cref="CorruptStateException">The total that was read is another. Nothing has changed.</exception>
    public AppliedHashes ApplyEstimate(ReadOnlySpan<ulong> totals = default)
    {
        var update = _update ?? throw new InvalidOperationException("The network was planned for evaluation only.");
        _device.Upload(_memory.Total);
        States.BeginApply();
        var read = update.RunEstimate(_memory.Total, State, States.Other, totals.IsEmpty ? default : _totalHashes);
        CheckTotal(totals);
        return States.EndApply(read, State.Progress.EstimatedOnce());
    }

    private void CheckTotal(ReadOnlySpan<ulong> agreed)
    {
        for (var chunk = 0; chunk < agreed.Length; chunk++)
        {
            if (agreed[chunk] != _totalHashes[chunk])
            {
                throw new CorruptStateException(
                    $"The total of chunk {chunk} has changed in memory: its hash was {agreed[chunk]:x16}, what was read has {_totalHashes[chunk]:x16}.");
            }
        }
    }

    /// <summary><see cref="NotFiniteSearch"/>, after a step that is not finite.</summary>
    internal string? FirstNotFinite() =>
        NotFiniteSearch.Run(_device, _passes, _run.Samples, Layout, Total);

    public void Dispose()
    {
        _memory.Dispose();
        if (_ownsStates)
        {
            States.Dispose();
        }
    }

    private ReadOnlySpan<float> Read(Tensor tensor)
    {
        _device.Download(tensor);
        _device.Synchronize();
        return tensor.Host;
    }
}
