using System.Diagnostics.CodeAnalysis;
using Akka.Actor;

namespace Trainer.Hosting.Cluster;

/// <summary>A coordinator's address as people write it, HOST:PORT, and as Akka does, akka.tcp://trainer@HOST:PORT.</summary>
public static class SeedAddress
{
    public const string Expected = $"HOST:PORT or {Prefix}HOST:PORT";

    private const string Prefix = "akka.tcp://" + ClusterNames.System + "@";

    /// <summary>Reads either form.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Address? address)
    {
        address = null;
        var place = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        var colon = place.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(place.AsSpan(colon + 1), out var port) || port == 0)
        {
            return false;
        }

        var host = place[..colon];
        if (Uri.CheckHostName(host.Trim('[', ']')) == UriHostNameType.Unknown || (host.Contains(':') && host[0] != '['))
        {
            return false;
        }

        return Address.TryParse($"{Prefix}{host}:{port}", out address);
    }

    /// <exception cref="ArgumentException">The text is neither form.</exception>
    public static Address Parse(string text) => TryParse(text, out var address)
        ? address
        : throw new ArgumentException($"Seed '{text}' is not an address; expected {Expected}.", nameof(text));
}
