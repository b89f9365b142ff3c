using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Trainer.Protos;

namespace Trainer.Cli.Support;

/// <summary>A .tar.gz of texts, out of which secrets are left. What could not be had is told in its notes.txt.</summary>
internal sealed class SupportArchive : IDisposable
{
    private readonly string _folder;
    private readonly Secrets _secrets;
    private readonly TarWriter _tar;
    private readonly StringBuilder _notes = new();

    /// <param name="folder">In which everything lies once it is unpacked.</param>
    public SupportArchive(Stream to, string folder, Secrets secrets)
    {
        (_folder, _secrets) = (folder, secrets);
        _tar = new TarWriter(new GZipStream(to, CompressionLevel.Optimal));
    }

    /// <summary>How many texts it has.</summary>
    public int Count { get; private set; }

    public void Add(string name, string text)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(_secrets.LeaveOut(text)));
        _tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{_folder}/{name}") { DataStream = content, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, ModificationTime = TimeProvider.System.GetUtcNow() });
        Count++;
    }

    public void Add(string name, IEnumerable<JsonNode> lines) => Add(name, string.Concat(lines.Select(line => ProtoJson.Line(line) + "\n")));

    /// <summary>Something is not there, and why.</summary>
    public void Note(string what, string why) => _notes.Append(what).Append(": ").Append(why).Append('\n');

    /// <summary>Nothing follows.</summary>
    public void Finish() => Add("notes.txt", _notes.Length > 0 ? _notes.ToString() : "Everything is there.\n");

    public void Dispose() => _tar.Dispose();
}
