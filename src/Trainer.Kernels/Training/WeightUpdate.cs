using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>One step of the optimizer over the flat buffers: schedule, parameter groups, clipping, running statistics.</summary>
internal sealed class WeightUpdate
{
    private readonly ParameterLayout _layout;
    private readonly TrainingRecipe _recipe;
    private readonly List<Stretch> _stretches = [];
    private readonly UpdateRun[] _runs;
    private readonly bool _normLeavesOut;
    private readonly ulong[] _copied;

    public WeightUpdate(Model model, ParameterLayout layout, TrainingRecipe recipe)
    {
        (_layout, _recipe) = (layout, recipe);
        var averages = model.Graph.Layers
            .SelectMany(node => node.Statistics.Select(statistic => (Name: node.NameOf(statistic.Name), Average: Average.Of(statistic, node, layout))))
            .ToDictionary(statistic => statistic.Name, statistic => statistic.Average, StringComparer.Ordinal);
        for (var i = 0; i < layout.Slots.Count; i++)
        {
            var slot = layout.Slots[i];
            var end = i + 1 < layout.Slots.Count ? layout.Slots[i + 1].Offset : layout.Elements;
            Append(slot.Kind switch
            {
                SlotKind.Parameter => new Stretch(end - slot.Offset, GroupOf(slot), null),
                SlotKind.Statistic when recipe.FreezesStatistic(slot.Name) => new Stretch(end - slot.Offset, new ParameterGroup(slot.Name, Frozen: true), null),
                SlotKind.Statistic => new Stretch(end - slot.Offset, null, averages[slot.Name]),
                SlotKind.LossWeight => new Stretch(end - slot.Offset, new ParameterGroup(slot.Name, Frozen: true), null),
                _ => throw new InvalidOperationException($"No such kind of slot: {slot.Kind}."),
            });
        }

        _runs = new UpdateRun[_stretches.Count];
        _normLeavesOut = recipe.ClipGradNorm is not null && layout.Slots.Any(slot => slot.Kind == SlotKind.Parameter && GroupOf(slot) is { Frozen: true } or { FrozenEpochs: > 0 });
        _copied = _normLeavesOut ? new ulong[2 * layout.Chunks] : [];
    }

    /// <summary>Whether the last step took the weights into their average.</summary>
    public bool TakesAverage { get; private set; }

    /// <summary>Of the last step's gradient, before clipping; null where nothing is clipped.</summary>
    public double? GradientNorm { get; private set; }

    /// <summary>Writes the state that follows from the batch's total.</summary>
    /// <param name="device">Where the tensors lie.</param>
    /// <param name="total">The batch's finished gradient.</param>
    /// <param name="current">Is read.</param>
    /// <param name="next">Is written.</param>
    /// <param name="length">For the schedule.</param>
    /// <param name="ofTotal">Receives the hash of each chunk of the total, as it was read; empty: not wanted.</param>
    /// <returns>The hash of what was read.</returns>
    public ulong Run(Device device, Tensor total, TrainingState current, TrainingState next, TrainingLength length, Span<ulong> ofTotal)
    {
        var share = (float)(_recipe.Averaging?.Share(current.Progress.Averaged, current.Progress.Updates + 1, length) ?? 0);
        TakesAverage = share > 0;
        for (var i = 0; i < _runs.Length; i++)
        {
            var isStatistic = _stretches[i].Statistic is not null; // The average's are the latest, as AveragedModel's buffers.
            _runs[i] = RunOf(_stretches[i], current.Progress, length) with { AverageShare = isStatistic && TakesAverage ? 1 : share };
        }

        return next.Update(current, _runs, Scale(device, total, current.Progress.Updates, next, length), total, ofTotal);
    }

    /// <summary>Writes the state in which the average's running statistics have one more batch in their mean, as torch.optim.swa_utils.update_bn leaves them; all else stays.</summary>
    /// <param name="total">The batch's statistics.</param>
    /// <param name="current">Is read.</param>
    /// <param name="next">Is written.</param>
    /// <param name="ofTotal">As in <see cref="Run"/>.</param>
    /// <returns>The hash of what was read.</returns>
    public ulong RunEstimate(Tensor total, TrainingState current, TrainingState next, Span<ulong> ofTotal)
    {
        var share = (float)(1.0 / (current.Progress.Estimated + 1));
        for (var i = 0; i < _runs.Length; i++)
        {
            _runs[i] = new UpdateRun(_stretches[i].Statistic is null ? UpdateRule.Keep : UpdateRule.Average, _stretches[i].Elements) { Momentum = share };
        }

        return next.Update(current, _runs, scale: 1, total, ofTotal, ofAverage: true);
    }

    private ParameterGroup? GroupOf(ParameterSlot slot) => _recipe.ParameterGroups.FirstOrDefault(group => !group.IsOfStatisticsAlone && group.Matches(slot.Name));

    private UpdateRun RunOf(Stretch stretch, in TrainingProgress progress, TrainingLength length)
    {
        var step = progress.Updates + 1;
        if (stretch.Statistic is { } average)
        {
            return new UpdateRun(UpdateRule.Average, stretch.Elements) { Momentum = (float)(average.Momentum ?? (1.0 / (progress.BatchesBeforeOf(average.Counter) + step))) };
        }

        if (IsFrozen(stretch, progress.Updates, length))
        {
            return new UpdateRun(UpdateRule.Keep, stretch.Elements);
        }

        var optimizer = _recipe.Optimizer;
        var rate = _recipe.Schedule.FiniteRate(stretch.Group?.LearningRate ?? optimizer.LearningRate, step - 1, length);
        return optimizer.Run(stretch.Elements, rate, stretch.Group?.WeightDecay ?? optimizer.WeightDecay, step - (stretch.Group?.FrozenUpdates(length) ?? 0));
    }

    private static bool IsFrozen(Stretch stretch, long updates, TrainingLength length) => updates < stretch.Group?.FrozenUpdates(length);

    /// <summary>What every gradient is multiplied by: the loss's own mean, then clipping as torch does it, max / (norm + 1e-6) where that is below 1.</summary>
    private float Scale(Device device, Tensor total, long updates, TrainingState next, TrainingLength length)
    {
        var scale = LossScale(device, total);
        if (_recipe.ClipGradNorm is not { } limit)
        {
            return (float)scale;
        }

        var trained = _normLeavesOut ? CopyOfTrained(device, total, updates, next, length) : total;
        var norm = scale * Math.Sqrt(device.Updates.SquaredNorm(trained.Slice(0, _layout.ParameterElements)));
        GradientNorm = norm;
        return (float)(scale * Math.Min(1, limit / (norm + 1e-6)));
    }

    /// <summary>
    /// Total is divided by B: a weighted mean is divided by the sum of weights instead, which came along. Where no sample counts the gradient is 0 as it is.
    /// </summary>
    private double LossScale(Device device, Tensor total)
    {
        if (_layout.Slots[^1] is not { Kind: SlotKind.LossWeight } slot)
        {
            return 1;
        }

        var sum = total.Slice(slot.Offset, 1);
        device.Download(sum);
        device.Synchronize();
        return sum.Host[0] == 0 ? 1 : 1.0 / sum.Host[0];
    }

    // With zeros for what is frozen. The total itself stays as it is: it may still be on its way to other members. Where the copy lies, the next state will be.
    private Tensor CopyOfTrained(Device device, Tensor total, long updates, TrainingState next, TrainingLength length)
    {
        next.KeepForReaders();
        var copy = next.Buffers[0];
        var hashes = _copied.AsSpan();
        device.Updates.Update([new UpdateRun(UpdateRule.Keep, _layout.Elements)], 1, total, [total], [copy], hashes[.._layout.Chunks], hashes[_layout.Chunks..]);
        var offset = 0L;
        foreach (var stretch in _stretches)
        {
            if (offset < _layout.ParameterElements && IsFrozen(stretch, updates, length))
            {
                device.Clear(copy.Slice(offset, stretch.Elements));
            }

            offset += stretch.Elements;
        }

        return copy;
    }

    private void Append(Stretch stretch)
    {
        if (_stretches.Count > 0 && _stretches[^1] with { Elements = stretch.Elements } == stretch)
        {
            _stretches[^1] = stretch with { Elements = stretch.Elements + _stretches[^1].Elements };
        }
        else
        {
            _stretches.Add(stretch);
        }
    }

    /// <summary>Neighbouring slots that are updated alike.</summary>
    private sealed record Stretch(int Elements, ParameterGroup? Group, Average? Statistic);

    /// <param name="Counter">Of the batches so far, where each of them counts alike; else -1.</param>
    private sealed record Average(double? Momentum, int Counter)
    {
        public static Average Of(Statistic statistic, LayerNode node, ParameterLayout layout) =>
            new(statistic.Momentum, statistic.Momentum is null ? layout.CounterOf(node.NameOf(ParameterLayout.BatchesName)) : -1);
    }
}
