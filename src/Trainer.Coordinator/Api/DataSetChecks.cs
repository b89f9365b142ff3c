using System.Collections.Concurrent;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Reads data sets whose parts are all there, each on a thread of its own and once at a time: a large one takes longer than a call.</summary>
internal sealed class DataSetChecks(DataSets sets)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Lazy<Task<PushedDataSet>>> _running = new(StringComparer.Ordinal);

    /// <returns>READY, or CHECKING where that takes longer: whoever asks again waits on.</returns>
    /// <exception cref="Grpc.Core.RpcException">FAILED_PRECONDITION: it is not what it is to be; UNAVAILABLE: the store.</exception>
    public async Task<PushedDataSet> CheckAsync(PushedDataSet set, CancellationToken stop)
    {
        var check = _running.GetOrAdd(set.Id, _ => new(() => Task.Factory.StartNew(() => Check(set), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).Value;
        return await Task.WhenAny(check, Task.Delay(AnswerWithin, stop)) == check ? await check : set;
    }

    private PushedDataSet Check(PushedDataSet set)
    {
        try
        {
            return sets.Check(set);
        }
        finally
        {
            _running.TryRemove(set.Id, out _);
        }
    }
}
