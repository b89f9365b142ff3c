using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>Plans, before anything is allocated, how a network's batches go through a device's memory.</summary>
public static class NetworkFit
{
    /// <summary>
    /// The options themselves where they fit the device; else with the largest parts, in shards, that do. A part holds whole batch norm groups: where other members share
    /// one, the batch is not divided. No bit depends on it, and a part costs little beside its samples.
    /// </summary>
    /// <param name="slices">The local batches of a job: of a full batch and of the last one of an epoch.</param>
    /// <param name="states">The states that it will have; null: it makes its own.</param>
    /// <exception cref="DeviceMemoryException">One group of shards does not fit.</exception>
    public static NetworkOptions Of(
        Model model, Device device, TrainingRecipe recipe, NetworkOptions options, IReadOnlyList<BatchSlice> slices, StatePair? states = null)
    {
        if (device.AvailableMemory is not { } available)
        {
            return options;
        }

        var (plan, layout) = (new NetworkPlan(model, options.Training, options.Kept), ParameterLayout.Of(model, recipe.Loss.HasWeights));
        var stateBytes = states is not null ? 0L
            : sizeof(float) * (options.Training ? StatePair.Count * TrainingState.Elements(layout, recipe.StateBuffers) : TrainingState.Elements(layout, 0));
        if (Bytes(options) <= available)
        {
            return options;
        }

        var shards = slices.Max(slice => slice.Shards);
        var group = slices.Max(slice => model.UnitShards(slice.Shards, slice.GroupShards));
        if (slices.Any(slice => slice.GroupsOf(group).HasParts))
        {
            throw new DeviceMemoryException(
                $"{device.Name}: the network needs {Bytes(options):N0} bytes for a share of a batch norm group that other workers have parts of ({options.PassSamples} samples), "
                + $"{Math.Max(0, available):N0} are available. More workers, smaller batches or images, or a larger device would do.");
        }

        for (var most = LargestPowerBelow(shards); most >= 1 && most >= group; most /= 2)
        {
            var parts = options with { Parts = PartsOf(slices, most, options.MaxRoots) };
            if (Bytes(parts) <= available)
            {
                return parts;
            }
        }

        var least = options with { Parts = PartsOf(slices, group, options.MaxRoots) };
        throw new DeviceMemoryException(
            $"{device.Name}: the network needs {Bytes(least):N0} bytes for one group of {(group == 1 ? "1 shard" : $"{group} shards")} "
            + $"({least.PassSamples} samples), {Math.Max(0, available):N0} are available. More shards, smaller batches or images, or a larger device would do.");

        long Bytes(NetworkOptions planned) => stateBytes + NetworkMemory.Bytes(
            plan, layout, planned, LossStep.Elements(model, recipe.Loss, planned.PassSamples));
    }

    private static PartOptions PartsOf(IReadOnlyList<BatchSlice> slices, int shards, int roots)
    {
        var parts = slices.SelectMany(slice => BatchParts.Of(slice, shards, roots)).ToList();
        return new PartOptions(
            shards,
            parts.Select(part => part.Slice.LocalSamples).DefaultIfEmpty(1).Max(),
            Math.Max(0, parts.Select(part => part.Buffer + 1 - roots).DefaultIfEmpty(0).Max()));
    }

    private static int LargestPowerBelow(int shards)
    {
        var power = 1;
        while (power * 2 < shards)
        {
            power *= 2;
        }

        return power;
    }
}
