using System.Diagnostics;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>
/// What an epoch or an evaluation came to. Loss is the mean over samples, weighted where they have weights; accuracy 0..1. Samples that the loss ignores
/// count in neither; both are NaN where it ignores all.
/// </summary>
public readonly record struct EpochResult(double Loss, double Accuracy, double ImagesPerSecond);

/// <summary>A step that has been applied.</summary>
/// <param name="Step">From 1, through all epochs.</param>
/// <param name="Loss">Mean over its samples, before the step.</param>
/// <param name="LearningRate">As the schedule had it.</param>
public readonly record struct TrainedStep(long Step, double Loss, double LearningRate);

/// <summary>Trains a model on one device: the same arithmetic, and so the same bits, as a job on a cluster.</summary>
public sealed class LocalTrainer : IDisposable
{
    private readonly int _batchSize;
    private readonly int _shards;
    private readonly int _groupShards;
    private readonly ulong _seed;
    private readonly Optimizer _optimizer;
    private readonly Loss _loss;
    private readonly LearningRateSchedule _schedule;
    private readonly ClusterOfOne _cluster;
    private readonly EarlyStopping? _earlyStopping;
    private readonly bool _averages;
    private readonly bool _estimates;
    private BatchSlice? _whole;
    private int? _epoch = 0;
    private ulong _step;

    /// <param name="model">Its weights are drawn from <paramref name="seed"/>.</param>
    /// <param name="device">Stays the caller's to dispose, after the trainer.</param>
    /// <param name="recipe">Optimizer, loss, schedule; an optimizer alone will do.</param>
    /// <param name="batchSize">Samples of a step; the last of an epoch has what is left over.</param>
    /// <param name="seed">Of initial weights and of the epochs' orders.</param>
    /// <param name="shards">Shards of the batch; part of the arithmetic. Default: <see cref="ShardTree.DefaultShards"/>.</param>
    /// <param name="batchNormShards">Shards that batch norm normalises together, likewise. Default: <see cref="Model.GroupShards"/>.</param>
    public LocalTrainer(
        Model model, Device device, TrainingRecipe recipe, int batchSize, ulong seed = 0, int? shards = null, int? batchNormShards = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_batchSize, _seed, _optimizer, _loss, _schedule, _earlyStopping) = (batchSize, seed, recipe.Optimizer, recipe.Loss, recipe.Schedule, recipe.EarlyStopping);
        (_averages, _estimates) = (recipe.Averaging is not null, recipe.FirstEstimate(model) is not null);
        _shards = shards ?? ShardTree.DefaultShards(batchSize);
        _groupShards = batchNormShards ?? model.GroupShards(batchSize, _shards);
        var options = new NetworkOptions(batchSize, MaxGroups: _shards);
        options = NetworkFit.Of(model, device, recipe, options, [BatchSlice.Whole(batchSize, _shards, _groupShards)]);
        Network = new Network(model, device, recipe, options);
        Network.Initialize(seed);
        _cluster = new ClusterOfOne(Network);
    }

    /// <summary>Told after each step of training.</summary>
    public Action<TrainedStep>? Stepped { get; set; }

    public Network Network { get; }

    /// <summary>Whether the last batch of an epoch is left out where it is shorter than the others.</summary>
    public bool DropLast { get; init; }

    /// <summary>Hash of the weights and running statistics after the last step.</summary>
    public ulong WeightsHash => Network.State.WeightsHash;

    /// <summary>Whether the recipe's early stopping says that enough epochs were trained; never without one.</summary>
    public bool ShouldStop => _earlyStopping?.EndsAfter(Network.State.Progress.Epochs) == true;

    /// <summary>One pass over the set in the epoch's order; epochs count from 1.</summary>
    /// <exception cref="ArgumentException">The schedule looks at evaluations: give the epoch a set for it.</exception>
    /// <exception cref="NotFiniteNumberException">A loss or a gradient is not a finite number; the weights are those before that step.</exception>
    public EpochResult TrainEpoch(DataSet data, bool shuffle = true)
    {
        if (_schedule.LooksAtEvaluations)
        {
            throw new ArgumentException("The schedule follows from evaluations; give TrainEpoch the test set as well.", nameof(data));
        }

        var result = PassOnce(data, shuffle);
        Close(default);
        return result;
    }

    /// <summary><see cref="TrainEpoch(DataSet, bool)"/>, closed by an evaluation, as a job's epochs are.</summary>
    /// <exception cref="NotFiniteNumberException">A loss or a gradient is not a finite number; the weights are those before that step.</exception>
    public (EpochResult Train, EpochResult Test) TrainEpoch(DataSet data, DataSet test, bool shuffle = true)
    {
        CheckFits(test);
        var train = PassOnce(data, shuffle);
        var result = Evaluate(test, out var sums);
        Close(sums);
        return (train, result);
    }

    /// <summary>Loss and accuracy over a set; changes nothing.</summary>
    public EpochResult Evaluate(DataSet data)
    {
        CheckFits(data);
        return Evaluate(data, out _);
    }

    /// <summary>The model's outputs for some images: (images, outputs).</summary>
    /// <param name="images">(images, C, H, W), at most as many as a batch has.</param>
    public float[] Predict(ReadOnlySpan<float> images)
    {
        var pixels = Network.Model.Input.Elements;
        if (images.Length % pixels != 0 || images.Length > Network.Input.Length)
        {
            throw new ArgumentException(
                $"{images.Length} values, expected images of {Network.Model.Input}, {pixels} values each, and at most {Network.Input.Length / pixels} of them.", nameof(images));
        }

        images.CopyTo(Network.Input);
        Network.Infer((int)(images.Length / pixels));
        return Network.Output.ToArray();
    }

    /// <summary>Goes on from files that <see cref="Save"/> and <see cref="SaveOptimizer"/> wrote, or a job: with the optimizer's state and the same set, as if it had never stopped.</summary>
    /// <param name="weights">A safetensors file.</param>
    /// <param name="optimizer">Of its state; null: the optimizer and the schedule begin anew, as one that looks at past epochs always does.</param>
    /// <exception cref="DataFileException">A file cannot be read, or is of another model or optimizer.</exception>
    /// <exception cref="NotSupportedException">An optimizer's state goes with the weights that were trained; of a recipe with averaging, the file has their average.</exception>
    public void Load(string weights, string? optimizer = null)
    {
        if (_averages && optimizer is not null)
        {
            throw new NotSupportedException(
                "The recipe averages weights: files have their average, and the optimizer's state belongs to the weights that were trained. Load the weights alone, and the optimizer begins anew.");
        }

        WarmStart.Load(Network, weights);
        Network.State.EditOptimizerState().Clear();
        var steps = optimizer is null ? 0 : WarmStart.LoadOptimizer(Network, optimizer, _optimizer.StateNames);
        Network.State.Progress = new TrainingProgress { Step = (ulong)steps, Updates = steps, BatchesBefore = Network.State.Progress.BatchesBefore };
        (_step, _epoch) = ((ulong)steps, null);
    }

    /// <summary>Writes the optimizer's state and the number of steps as <see cref="Save"/> writes the weights, by torch.optim's names.</summary>
    public string SaveOptimizer(string path) =>
        Safetensors.WriteOptimizer(path, Network.Layout, _optimizer.StateNames, Network.State.OptimizerState, Network.State.Progress.Updates, Network.State.UsesAverage);

    /// <summary>Writes the weights atomically as safetensors and returns the file's SHA-256 in lower-case hex.</summary>
    public string Save(string path) => Safetensors.WriteWeights(path, Network.Layout, Network.State.ResultWeights, Network.BatchesTracked);

    public void Dispose() => Network.Dispose();

    private EpochResult PassOnce(DataSet data, bool shuffle)
    {
        CheckFits(data);
        var order = new int[data.Count];
        var samples = DropLast ? data.Count / _batchSize * _batchSize : data.Count;
        ArgumentOutOfRangeException.ThrowIfZero(samples, nameof(data));
        Network.StepsPerEpoch = ((samples - 1) / _batchSize) + 1;
        _epoch = (_epoch ?? (int)(Network.State.Progress.Updates / Network.StepsPerEpoch)) + 1;
        data.FillEpoch(order, _seed, _epoch.Value, shuffle);
        _whole = BatchSlice.Whole(Math.Min(_batchSize, data.Count), _shards, _groupShards);
        var first = _step + 1;
        var result = Pass(data, _epoch.Value, order[..samples], first, (epoch, batch) => epoch + Step(SliceOf(batch)), out _);
        if (_estimates && Network.State.UsesAverage)
        {
            var step = first;
            Pass(
                data,
                _epoch.Value,
                order[..samples],
                first,
                (sums, batch) =>
                {
                    Estimate(SliceOf(batch), step++);
                    return sums;
                },
                out _);
        }

        return result;
    }

    private void Estimate(BatchSlice slice, ulong step)
    {
        if (!_cluster.Estimate(slice, step))
        {
            throw new NotFiniteNumberException($"Epoch {_epoch}: running statistics of the averaged weights are not finite");
        }

        Network.ApplyEstimate();
        Network.States.Flip();
    }

    private BatchSlice SliceOf(int samples) => samples == _whole?.Samples ? _whole : BatchSlice.Whole(samples, _shards, _groupShards);

    private EpochResult Evaluate(DataSet data, out PassSums sums)
    {
        var order = new int[data.Count];
        EpochOrder.Fill(order, _seed, epoch: 1, shuffle: false);
        return Pass(
            data,
            epoch: 0,
            order,
            firstStep: 0,
            (before, samples) =>
            {
                Network.Evaluate(samples);
                return before.With(Network.Results);
            },
            out sums);
    }

    private void Close(in PassSums test)
    {
        Network.States.CloseEpoch(test);
        Network.States.Flip();
    }

    /// <param name="firstStep">Of a pass that trains; 0: it evaluates.</param>
    /// <param name="batch">Takes the sums so far and the number of samples that were loaded, and gives the new sums.</param>
    private EpochResult Pass(DataSet data, int epoch, int[] order, ulong firstStep, Func<PassSums, int, PassSums> batch, out PassSums sums)
    {
        var start = Stopwatch.GetTimestamp();
        sums = default;
        using var loader = new BatchLoader([data], _seed);
        loader.Begin(new OrderedBatches(order, epoch, _batchSize, firstStep, firstStep > 0 ? SliceOf : null));
        for (var first = 0; first < order.Length; first += _batchSize)
        {
            sums = batch(sums, Network.Fill(loader));
        }

        return new EpochResult(sums.MeanLoss, sums.Accuracy, order.Length / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private PassSums Step(BatchSlice slice)
    {
        var finite = _cluster.Run(slice, ++_step);
        var sums = default(PassSums).With(Network.Results);
        if (!finite || !sums.IsFinite)
        {
            throw new NotFiniteNumberException($"Step {_step}: {Divergence.Describe(finite ? "the loss is not finite" : "the gradient is not finite", Network)}");
        }

        Network.Apply(sums);
        Network.States.Flip();
        Stepped?.Invoke(new TrainedStep((long)_step, sums.MeanLoss, Network.LearningRate));
        return sums;
    }

    private void CheckFits(DataSet data)
    {
        if (data.Shape != Network.Model.Input)
        {
            throw new ArgumentException($"The data has samples of {data.Shape}; the model takes {Network.Model.Input}.", nameof(data));
        }

        if (data.Mix is not null && !_loss.MixesLabels)
        {
            throw new ArgumentException("The data mixes samples, and the loss takes one label of each; give the recipe's loss MixesLabels: new CrossEntropy { MixesLabels = true }.", nameof(data));
        }

        if (data.HasSeveralLabels != _loss is OutputLoss { OneHot: false })
        {
            throw new ArgumentException(data.HasSeveralLabels
                ? "The data has several labels for each sample; give the recipe a loss that takes them: new BinaryCrossEntropy(OneHot: false)."
                : "The loss is not one-hot, and the data has one label for each sample.", nameof(data));
        }

        if (data.Labels.Refuse(Network.Model.Classes, _loss.Ignored) is { } problem)
        {
            throw new ArgumentException($"The model has {Network.Model.Classes} classes; {problem}.", nameof(data));
        }
    }

    /// <summary>All samples in an order, so many in each batch.</summary>
    private sealed class OrderedBatches(int[] order, int epoch, int batchSize, ulong firstStep, Func<int, BatchSlice>? sliceOf) : IBatchPlan
    {
        private int _first;
        private ulong _step = firstStep;

        public bool Next(BatchSamples batch)
        {
            if (_first >= order.Length)
            {
                return false;
            }

            batch.Begin(set: 0, epoch);
            batch.Add(order.AsSpan(_first, Math.Min(batchSize, order.Length - _first)), _first);
            _first += batchSize;
            if (sliceOf is not null)
            {
                batch.Pair(_step++, sliceOf(batch.Count));
            }

            return true;
        }
    }
}
