using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Trainer.Hosting.Web;

/// <summary>A connection to a port, and whether somebody has shown a valid token on it.</summary>
public sealed class Visitor(ConnectionContext connection, long since)
{
    private static readonly object Key = new();

    private volatile bool _isKnown;
    private int _serving;

    /// <summary>When it came, as the clock's timestamp.</summary>
    public long Since => since;

    /// <summary>It may go: nobody has shown a token, and nothing is being answered.</summary>
    public bool IsStranger => !_isKnown && Volatile.Read(ref _serving) == 0;

    public static void Attach(ConnectionContext connection, Visitor visitor) => connection.Items[Key] = visitor;

    public static Visitor? Find(HttpContext http) => http.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(Key, out var found) is true ? (Visitor?)found : null;

    public void Known() => _isKnown = true;

    public void Begin() => Interlocked.Increment(ref _serving);

    public void End() => Interlocked.Decrement(ref _serving);

    public void Close(string reason) => connection.Abort(new ConnectionAbortedException(reason));
}
