using System.Formats.Tar;
using System.IO.Compression;
using System.IO.Enumeration;

namespace Trainer.Image;

/// <summary>A layer whose bytes depend on the files' names, modes and content alone: in order of their names, owned by root, each with the same time.</summary>
/// <remarks>Ustar, since the headers of pax are called after the process that wrote them. What is compressed depends on the runtime's zlib as well.</remarks>
internal sealed class Layer
{
    private Layer(byte[] tar)
    {
        Difference = Blob.DigestOf(tar);
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(tar);
        }

        Blob = new Blob(Oci.LayerType, compressed.ToArray());
    }

    public Blob Blob { get; }

    /// <summary>The digest of what is compressed, by which the configuration knows the layer.</summary>
    public string Difference { get; }

    /// <summary>The files of a layer that something else wrote.</summary>
    public static Layer Rewritten(Stream compressed, DateTimeOffset time)
    {
        using var gzip = new GZipStream(compressed, CompressionMode.Decompress);
        using var reader = new TarReader(gzip);
        var entries = new List<TarEntry>();
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            entries.Add(Entry(entry.EntryType, entry.Name.TrimEnd('/'), entry.Mode, entry.LinkName, entry.DataStream));
        }

        return Of(entries, time);
    }

    /// <param name="owner">Who owns a path, by user and group; the others are root's.</param>
    public static Layer OfFolder(string folder, DateTimeOffset time, IReadOnlyDictionary<string, int> owner)
    {
        var entries = new List<TarEntry>();
        foreach (var file in FilesBelow(folder))
        {
            var name = Path.GetRelativePath(folder, file.FullName);
            var entry = file switch
            {
                { LinkTarget: { } target } => Entry(TarEntryType.SymbolicLink, name, (UnixFileMode)0x1FF, target, data: null),
                DirectoryInfo => Entry(TarEntryType.Directory, name, file.UnixFileMode, link: "", data: null),
                _ => Entry(TarEntryType.RegularFile, name, file.UnixFileMode, link: "", new MemoryStream(File.ReadAllBytes(file.FullName))),
            };
            entry.Uid = entry.Gid = owner.GetValueOrDefault(name);
            entries.Add(entry);
        }

        return Of(entries, time);
    }

    /// <summary>Files, folders and links below a folder; what is behind a link is not.</summary>
    public static IEnumerable<FileSystemInfo> FilesBelow(string folder) => new FileSystemEnumerable<FileSystemInfo>(
        folder, (ref FileSystemEntry entry) => entry.ToFileSystemInfo(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
    {
        ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
    };

    private static Layer Of(List<TarEntry> entries, DateTimeOffset time)
    {
        entries.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                entry.ModificationTime = time;
                writer.WriteEntry(entry);
            }
        }

        return new Layer(tar.ToArray());
    }

    private static UstarTarEntry Entry(TarEntryType type, string name, UnixFileMode mode, string link, Stream? data)
    {
        var entry = new UstarTarEntry(type, name) { Mode = mode };
        if (type == TarEntryType.SymbolicLink)
        {
            entry.LinkName = link;
        }
        else if (type == TarEntryType.RegularFile)
        {
            entry.DataStream = data;
        }
        else if (type != TarEntryType.Directory)
        {
            throw new InvalidDataException($"'{name}' in a layer is a {type}; expected files, folders and symbolic links");
        }

        return entry;
    }
}
