using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Slices with a given number of local samples: one shard, uneven shards, empty shards, several roots.</summary>
public static class Slices
{
    public static IEnumerable<BatchSlice> Of(int samples)
    {
        yield return BatchSlice.Whole(samples, 1);
        yield return BatchSlice.Whole(samples, 3);
        yield return BatchSlice.Whole(samples, samples + 5);

        // Shards 1 of 2 and [2,4) of 4: roots that do not start at the batch's first sample.
        yield return new BatchSlice(2 * samples, 2, [new(1, 2)]);
        if (samples >= 2)
        {
            yield return new BatchSlice(samples, 4, [new(0, 2), new(2, 3), new(3, 4)]);
        }
    }

    public static string NameOf(BatchSlice slice) =>
        $"{slice.Samples} samples, {slice.Shards} shards, roots {string.Join(' ', slice.Roots)}";
}
