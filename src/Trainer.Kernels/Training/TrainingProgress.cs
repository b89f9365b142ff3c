using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Training;

/// <summary>What an epoch came to.</summary>
/// <param name="Test">Of the evaluation that closed it; no samples where there was none.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct EpochSums(PassSums Train, PassSums Test);

/// <summary>What an evaluation within an epoch came to.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Updates">Behind which it was.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StepEvaluation(int Epoch, long Updates, PassSums Test);

/// <summary>How far a training is: the small part of its state, a function of (job, step) like the rest. Times and rates are measurements and stay outside.</summary>
/// <param name="Step">Steps taken, evaluations included: k.</param>
/// <param name="Updates">Updates of the weights: schedules and bias corrections follow from it.</param>
/// <param name="Samples">Training samples that have entered the weights.</param>
/// <param name="OpenEpoch">Sums of the epoch that is being trained; nothing between an evaluation and the next update.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TrainingProgress(ulong Step, long Updates, long Samples, PassSums OpenEpoch)
{
    private readonly IReadOnlyList<EpochSums>? _epochs;
    private readonly IReadOnlyList<StepEvaluation>? _evaluations;
    private readonly IReadOnlyList<long>? _batchesBefore;

    /// <summary>The closed ones, in order.</summary>
    public IReadOnlyList<EpochSums> Epochs
    {
        get => _epochs ?? [];
        init => _epochs = value;
    }

    /// <summary>Those within epochs, in order.</summary>
    public IReadOnlyList<StepEvaluation> Evaluations
    {
        get => _evaluations ?? [];
        init => _evaluations = value;
    }

    /// <summary>What running statistics had seen before this training, by <see cref="Models.ParameterLayout.Counters"/>; empty: nothing.</summary>
    public IReadOnlyList<long> BatchesBefore
    {
        get => _batchesBefore ?? [];
        init => _batchesBefore = value;
    }

    /// <summary>States of the weights that their average has taken in (torch's n_averaged); 0: there is none yet, or never.</summary>
    public long Averaged { get; init; }

    /// <summary>Batches from which the average's running statistics have been estimated since it last took weights in; 0: they are those of the weights.</summary>
    public long Estimated { get; init; }

    /// <summary>The hash of the state before this one: every hash is a link of a chain over (k, samples, hash of k), and stands for all that led to it. 0 at the start.</summary>
    public ulong Chain { get; init; }

    /// <summary>Sums of the open epoch, or of the last one that was closed.</summary>
    public PassSums LastEpoch => OpenEpoch.Samples > 0 || Epochs.Count == 0 ? OpenEpoch : Epochs[^1].Train;

    /// <summary>The epochs that were closed when the weights were last updated: without one that was closed behind that.</summary>
    internal IReadOnlyList<EpochSums> EpochsBeforeUpdate => OpenEpoch.Samples > 0 || Epochs.Count == 0 ? Epochs : [.. Epochs.SkipLast(1)];

    /// <summary>What running statistics had seen before this training.</summary>
    /// <param name="counter">Index into <see cref="Models.ParameterLayout.Counters"/>.</param>
    public long BatchesBeforeOf(int counter) => BatchesBefore.Count == 0 ? 0 : BatchesBefore[counter];

    /// <summary>What the running statistics of a training's result have seen: torch.nn's num_batches_tracked.</summary>
    /// <param name="counter">Likewise.</param>
    public long BatchesOf(int counter) => Estimated > 0 ? Estimated : BatchesBeforeOf(counter) + Updates;

    /// <summary>After an update from a batch.</summary>
    public TrainingProgress Trained(in PassSums batch) =>
        this with { Step = Step + 1, Updates = Updates + 1, Samples = Samples + batch.Samples, OpenEpoch = OpenEpoch + batch };

    /// <summary>Their average has taken the weights in.</summary>
    public TrainingProgress TakenIntoAverage() => this with { Averaged = Averaged + 1, Estimated = 0 };

    /// <summary>After an estimate of the average's running statistics from one more batch.</summary>
    public TrainingProgress EstimatedOnce() => this with { Step = Step + 1, Estimated = Estimated + 1 };

    /// <summary>After an evaluation within an epoch.</summary>
    public TrainingProgress Evaluated(in PassSums test) =>
        this with { Step = Step + 1, Evaluations = [.. Evaluations, new StepEvaluation(Epochs.Count + 1, Updates, test)] };

    /// <summary>After the evaluation that closes an epoch.</summary>
    public TrainingProgress Closed(in PassSums test) =>
        this with { Step = Step + 1, OpenEpoch = default, Epochs = [.. Epochs, new EpochSums(OpenEpoch, test)] };

    /// <summary>A hash that goes on from <paramref name="hash"/> with all of this.</summary>
    internal ulong Hash(ulong hash)
    {
        hash = WeightHash.Mix(WeightHash.Mix(WeightHash.Mix(WeightHash.Mix(hash, Chain), Step), (ulong)Updates), (ulong)Samples);
        hash = Averaged > 0 ? WeightHash.Mix(hash, (ulong)Averaged) : hash;
        hash = Estimated > 0 ? WeightHash.Mix(hash, (ulong)Estimated) : hash;
        for (var counter = 0; counter < BatchesBefore.Count; counter++)
        {
            hash = WeightHash.Mix(hash, (ulong)BatchesBefore[counter]);
        }

        hash = Hash(hash, OpenEpoch);
        for (var epoch = 0; epoch < Epochs.Count; epoch++)
        {
            hash = Hash(Hash(hash, Epochs[epoch].Train), Epochs[epoch].Test);
        }

        for (var i = 0; i < Evaluations.Count; i++)
        {
            hash = WeightHash.Mix(WeightHash.Mix(hash, (ulong)Evaluations[i].Epoch), (ulong)Evaluations[i].Updates);
            hash = Hash(hash, Evaluations[i].Test);
        }

        return hash;
    }

    private static ulong Hash(ulong hash, in PassSums sums)
    {
        hash = WeightHash.Mix(WeightHash.Mix(hash, BitConverter.DoubleToUInt64Bits(sums.Loss)), BitConverter.DoubleToUInt64Bits(sums.Weight));
        return WeightHash.Mix(WeightHash.Mix(WeightHash.Mix(hash, (ulong)sums.Correct), (ulong)sums.Counted), (ulong)sums.Samples);
    }
}
