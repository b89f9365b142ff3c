using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Web;

/// <summary>
/// The connections to a port: so many and no more, and none that shows no valid token for long. Whoever has shown one is not closed for others; where there is no room, the stranger that has been
/// there for longest goes.
/// </summary>
public sealed class ConnectionGate : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly LinkedList<Visitor> _visitors = [];
    private readonly Lock _lock = new();
    private readonly LineAMinute _closed;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _tokenWithin;
    private readonly long _limit;
    private readonly ITimer _timer;

    public ConnectionGate(ProcessLimits limits, TimeProvider clock, ILogger logger)
    {
        (_clock, _tokenWithin) = (clock, limits.Seconds(ProcessLimits.TokenSeconds));
        _limit = limits[ProcessLimits.Connections];
        _closed = new LineAMinute((count, last) => logger.LogWarning("Connections that were closed: {Count} since the last such line. The last one: {Reason}", count, last));
        _timer = clock.CreateTimer(_ => CloseTheSilent(), null, LookEvery, LookEvery);
    }

    // Out of files a process ends: the two ports, the store, the cluster and jobs' files share what there is.
    private int Most => (int)Math.Min(_limit, Math.Max(8, OpenFiles.ForOthers / 4));

    /// <summary>Kestrel's, for each connection.</summary>
    public async Task ServeAsync(ConnectionContext connection, Func<Task> next)
    {
        var visitor = new Visitor(connection, _clock.GetTimestamp());
        if (!Enter(visitor))
        {
            return;
        }

        try
        {
            Visitor.Attach(connection, visitor);
            await next();
        }
        finally
        {
            lock (_lock)
            {
                _visitors.Remove(visitor);
            }
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _closed.Dispose();
    }

    private bool Enter(Visitor visitor)
    {
        var most = Most;
        Visitor goes;
        lock (_lock)
        {
            _visitors.AddLast(visitor);
            if (_visitors.Count <= most)
            {
                return true;
            }

            goes = _visitors.First(other => other.IsStranger); // The new one, if there is no other.
            _visitors.Remove(goes);
        }

        Close(goes, $"there are {most} (--limit {ProcessLimits.Connections.Name}=N, and what ulimit -n leaves)");
        return goes != visitor;
    }

    private void CloseTheSilent()
    {
        List<Visitor> silent;
        lock (_lock)
        {
            silent = [.. _visitors.Where(visitor => visitor.IsStranger && _clock.GetElapsedTime(visitor.Since) > _tokenWithin)];
            silent.ForEach(visitor => _visitors.Remove(visitor));
        }

        silent.ForEach(visitor => Close(visitor, $"it showed no valid token within {_tokenWithin.TotalSeconds:0} s (--limit {ProcessLimits.TokenSeconds.Name}=N)"));
    }

    private void Close(Visitor visitor, string reason)
    {
        _closed.Note(reason);
        visitor.Close(reason);
    }
}
