using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>Brings complete buckets of gradients to the host while the device goes on, and says when they are there.</summary>
internal sealed class GradientSender(Device device, BucketSchedule schedule, ParameterLayout layout, IReadOnlyList<Tensor> gradients)
{
    private readonly Queue<(int Bucket, DeviceMark Complete)> _onTheirWay = [];

    /// <summary>Sends the buckets that are complete after a backward operation.</summary>
    public void Send(int operation, BatchSlice slice)
    {
        foreach (var bucket in schedule.After[operation])
        {
            for (var root = 0; root < slice.Roots.Count; root++)
            {
                if (slice.RootSamples(slice.Roots[root]) > 0)
                {
                    device.Download(gradients[root].Slice(layout.Buckets[bucket].Offset, layout.Buckets[bucket].Elements));
                }
            }

            _onTheirWay.Enqueue((bucket, device.Mark()));
        }
    }

    /// <summary>Reports the buckets that have arrived on the host, or waits for all of them.</summary>
    public void Report(Action<int>? bucketReady, bool wait)
    {
        while (_onTheirWay.TryPeek(out var next) && (wait || device.IsReached(next.Complete)))
        {
            device.Wait(next.Complete);
            _onTheirWay.Dequeue();
            bucketReady?.Invoke(next.Bucket);
        }
    }
}
