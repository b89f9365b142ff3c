using Trainer.Kernels.Data;
using Trainer.Kernels.Sharding;

namespace Trainer.Node.Training;

/// <summary>What a member has of every batch in one generation.</summary>
/// <param name="Shards">Of a batch.</param>
/// <param name="Roots">The member's nodes of the tree over them.</param>
/// <param name="TestBatch">Test samples that it evaluates together.</param>
public sealed record MemberShare(int Shards, IReadOnlyList<ShardRange> Roots, int TestBatch);

/// <summary>
/// The batches of one member, from one item of the schedule on: of each batch that is trained or that statistics are estimated from its part, of each evaluation its test samples, as they are numbered, some at a time.
/// A pure function of the schedule, the share and the epochs' orders.
/// </summary>
internal sealed class MemberBatches(Schedule schedule, ulong firstItem, MemberShare share, TrainingOrder order) : IBatchPlan
{
    private const int Train = 0;
    private const int Test = 1;

    private readonly Dictionary<int, BatchSlice> _slices = [];
    private ulong _item = firstItem;
    private int[]? _testSamples;
    private int _tested;

    public bool Next(BatchSamples batch)
    {
        for (; _item <= schedule.LastItem; _item++)
        {
            var item = schedule[_item];
            if (item.TakesBatch)
            {
                AddTraining(item, batch);
                _item++;
                return true;
            }

            if (item.Samples > 0 && AddTest(item, batch))
            {
                return true;
            }

            _tested = 0;
        }

        return false;
    }

    private void AddTraining(in ScheduleItem item, BatchSamples batch)
    {
        batch.Begin(Train, item.Epoch);
        var slice = SliceOf(item.Samples);
        for (var i = 0; i < slice.Roots.Count; i++)
        {
            var first = item.First + slice.FirstPosition(slice.Roots[i].Lo);
            batch.Add(order.Of(item.Epoch).Slice(first, slice.RootSamples(slice.Roots[i])), first);
        }

        batch.Pair(item.BatchStep, slice);
    }

    /// <returns>False: all of the member's test samples have been added.</returns>
    private bool AddTest(in ScheduleItem item, BatchSamples batch)
    {
        _testSamples ??= [.. SliceOf(item.Samples).Positions()];
        var samples = Math.Min(share.TestBatch, _testSamples.Length - _tested);
        batch.Begin(Test, epoch: 0);
        batch.Add(_testSamples.AsSpan(_tested, samples), _tested);
        _tested += samples;
        return samples > 0;
    }

    private BatchSlice SliceOf(int samples)
    {
        if (!_slices.TryGetValue(samples, out var slice))
        {
            _slices[samples] = slice = new BatchSlice(samples, share.Shards, share.Roots);
        }

        return slice;
    }
}
