using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>Where a step went wrong that is not finite.</summary>
internal static class NotFiniteSearch
{
    /// <summary>
    /// The first layer on the way whose output is not finite, or else the first parameter on the way back whose gradient is not; null: not here. Runs forward once
    /// more; what the step computed is lost.
    /// </summary>
    public static string? Run(Device device, NetworkPasses passes, int samples, ParameterLayout layout, ReadOnlySpan<float> total)
    {
        var exchange = passes.Exchange;
        passes.Exchange = exchange is null ? null : new KnownParts(exchange.Roots); // Others do not compute it once more.
        try
        {
            return Find(device, passes, samples, layout, total);
        }
        finally
        {
            passes.Exchange = exchange;
        }
    }

    private static string? Find(Device device, NetworkPasses passes, int samples, ParameterLayout layout, ReadOnlySpan<float> total)
    {
        string? gradient = null;
        for (var i = 0; i < layout.Slots.Count && gradient is null; i++)
        {
            gradient = HasNotFinite(total.Slice(layout.Slots[i].Offset, layout.Slots[i].Elements)) ? layout.Slots[i].Name : null;
        }

        for (var i = 0; i < passes.ForwardCount && samples > 0; i++)
        {
            var (operation, context) = passes.Forward(i);
            device.Download(context.Y);
            device.Synchronize();
            for (var sample = 0; sample < context.Samples; sample++)
            {
                var elements = context.Output.Elements;
                if (HasNotFinite(context.Y.Host.Slice(checked((int)(sample * context.Y.StrideOf(elements))), (int)elements)))
                {
                    return $"the output of {operation.Node?.Path ?? "a sum"}";
                }
            }
        }

        return gradient is null ? null : $"the gradient of {gradient}";
    }

    private static bool HasNotFinite(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            if (!float.IsFinite(value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Leaves the parts of others as they were in the last pass.</summary>
    private sealed class KnownParts(IReadOnlyList<ShardRange> roots) : IBatchExchange
    {
        public IReadOnlyList<ShardRange> Roots => roots;

        public void Gather(GroupParts parts)
        {
        }
    }
}
