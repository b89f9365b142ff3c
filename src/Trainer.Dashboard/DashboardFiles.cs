using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Trainer.Dashboard;

/// <summary>HTML, styles and modules of the dashboard, out of this assembly. They hold no data: what they show they ask the API for.</summary>
public static class DashboardFiles
{
    /// <summary>The one page.</summary>
    public const string Page = "index.html";

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Lazy<DashboardFile>> Files = typeof(DashboardFiles).Assembly.GetManifestResourceNames()
        .ToFrozenDictionary(name => name, name => new Lazy<DashboardFile>(() => Pack(name)), StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => Files.Keys;

    /// <summary>Null: there is none of that name.</summary>
    public static DashboardFile? Find(string name) => Files.TryGetValue(name, out var file) ? file.Value : null;

    private static DashboardFile Pack(string name)
    {
        using var resource = typeof(DashboardFiles).Assembly.GetManifestResourceStream(name)!;
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            resource.CopyTo(gzip);
        }

        var content = packed.ToArray();
        return new DashboardFile(content, Types[Path.GetExtension(name)], $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}\"");
    }
}
