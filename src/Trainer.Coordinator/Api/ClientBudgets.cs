using System.Collections.Concurrent;
using Grpc.Core;
using Trainer.Hosting.Limits;

namespace Trainer.Coordinator.Api;

/// <summary>How many calls a client makes and how many streams it has open: whoever asks for more than his share holds nobody else up.</summary>
internal sealed class ClientBudgets(ProcessLimits limits, TimeProvider clock)
{
    /// <summary>So many seconds' calls may come at once, after a silence.</summary>
    private const int Burst = 2;

    private const int MostRemembered = 10_000;

    private readonly ConcurrentDictionary<string, Budget> _clients = new(StringComparer.Ordinal);
    private readonly int _rate = limits.Count(ProcessLimits.CallsPerSecond);
    private readonly int _streams = limits.Count(ProcessLimits.Streams);

    /// <param name="client">The id of a token, or an address.</param>
    /// <param name="who">For the error's text.</param>
    /// <param name="isStream">It counts as open until the result is disposed.</param>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED.</exception>
    public IDisposable Enter(string client, string who, bool isStream)
    {
        var budget = _clients.GetOrAdd(client, _ => new Budget(_rate * Burst, clock.GetTimestamp()));
        Forget();
        lock (budget)
        {
            var now = clock.GetTimestamp();
            budget.Calls = Math.Min(_rate * Burst, budget.Calls + (clock.GetElapsedTime(budget.Time, now).TotalSeconds * _rate));
            budget.Time = now;
            if (budget.Calls < 1)
            {
                throw ApiErrors.TooMuch("TOO_MANY_CALLS", $"{who} makes more than {_rate} calls a second (--limit {ProcessLimits.CallsPerSecond.Name}=N of the coordinator). Try again in a moment.");
            }

            if (isStream && budget.Streams >= _streams)
            {
                throw ApiErrors.TooMuch("TOO_MANY_STREAMS", $"{who} has {_streams} streams open (--limit {ProcessLimits.Streams.Name}=N of the coordinator). Close some; WatchJobs shows any number of jobs in one.");
            }

            budget.Calls--;
            budget.Streams += isStream ? 1 : 0;
        }

        return new Pass(budget, isStream);
    }

    // Whoever has his whole budget is as one that was never seen.
    private void Forget()
    {
        if (_clients.Count > MostRemembered)
        {
            foreach (var (client, budget) in _clients.Where(one => one.Value.Streams == 0 && clock.GetElapsedTime(one.Value.Time).TotalSeconds > Burst))
            {
                _clients.TryRemove(KeyValuePair.Create(client, budget));
            }
        }
    }

    private sealed class Budget(double calls, long time)
    {
        public double Calls { get; set; } = calls;

        public long Time { get; set; } = time;

        public int Streams { get; set; }
    }

    private sealed class Pass(Budget budget, bool isStream) : IDisposable
    {
        public void Dispose()
        {
            lock (budget)
            {
                budget.Streams -= isStream ? 1 : 0;
            }
        }
    }
}
