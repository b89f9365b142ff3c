using System.Text;

namespace Trainer.Kernels.Data.Packs;

/// <summary>A file within a pack: a picture as it was, or all images of a part as planes.</summary>
/// <param name="Name">Of the sample; of planes empty.</param>
/// <param name="Offset">Of its first byte in the pack.</param>
/// <param name="Sha256">Of its bytes.</param>
internal readonly record struct PackedFile(string Name, long Offset, long Length, byte[] Sha256);

/// <summary>Training or test set of a pack: all that is known of it without reading samples.</summary>
/// <param name="ClassNames">By label; empty where classes have no names.</param>
/// <param name="ArePlanes">One file has all images as planes (N, C, H, W); else each image is a file.</param>
/// <param name="Shape">(C, H, W) of every image; null where they differ.</param>
/// <param name="SizeDifference">Two images whose sizes differ, in words; null where none do.</param>
/// <param name="Labels">Of several the first, -1 where a sample has none.</param>
internal sealed record PackPart(
    IReadOnlyList<string> ClassNames, bool ArePlanes, Shape? Shape, string? SizeDifference, int[] Labels, IReadOnlyList<PackedFile> Files)
{
    /// <summary>All labels of each sample, where samples have any number of them; null: they have one.</summary>
    public IReadOnlyList<int>[]? AllLabels { get; init; }
}

/// <summary>The index of a pack.</summary>
/// <param name="End">Of the samples: no file of the pack reaches beyond it.</param>
/// <param name="Test">Null: there is no test set.</param>
internal sealed record PackIndex(long End, PackPart Train, PackPart? Test)
{
    /// <summary>Of an index whose samples have one label each.</summary>
    private const int Version = 1;

    /// <summary>With any number of labels for each sample: readers who know the first version alone say that they do not know this one.</summary>
    private const int SeveralLabelsVersion = 2;

    private const int SumBytes = 32;
    private const int MostNames = 1 << 16;

    /// <summary>Of a file with an empty name: length of the name, offset, length, SHA-256.</summary>
    private const int LeastFileBytes = 1 + sizeof(long) + sizeof(long) + SumBytes;

    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        var version = (Train.AllLabels ?? Test?.AllLabels) is null ? Version : SeveralLabelsVersion;
        writer.Write(version);
        writer.Write(End);
        Write(writer, Train, version);
        writer.Write(Test is not null);
        if (Test is not null)
        {
            Write(writer, Test, version);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <exception cref="InvalidDataException">It is no such index; in words.</exception>
    public static PackIndex Parse(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        try
        {
            var version = reader.ReadInt32();
            if (version is not (Version or SeveralLabelsVersion))
            {
                throw new InvalidDataException($"its index is of version {version}; expected {Version} or {SeveralLabelsVersion}");
            }

            var end = reader.ReadInt64();
            if (end < 0)
            {
                throw new InvalidDataException($"its index is damaged: samples end at {end}");
            }

            return new PackIndex(end, ReadPart(reader, end, version), reader.ReadBoolean() ? ReadPart(reader, end, version) : null);
        }
        catch (Exception broken) when (broken is IOException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"its index is damaged: {broken.Message}", broken);
        }
    }

    private static void Write(BinaryWriter writer, PackPart part, int version)
    {
        writer.Write(part.ClassNames.Count);
        foreach (var name in part.ClassNames)
        {
            writer.Write(name);
        }

        writer.Write(part.ArePlanes);
        for (var i = 0; i < 3; i++)
        {
            writer.Write(part.Shape?[i] ?? 0);
        }

        writer.Write(part.SizeDifference ?? "");
        writer.Write(part.Labels.Length);
        WriteLabels(writer, part, version);
        foreach (var file in part.Files)
        {
            writer.Write(file.Name);
            writer.Write(file.Offset);
            writer.Write(file.Length);
            writer.Write(file.Sha256);
        }
    }

    /// <summary>One of each sample; in the version of several, first whether there are several, and then how many before those of each.</summary>
    private static void WriteLabels(BinaryWriter writer, PackPart part, int version)
    {
        if (version == SeveralLabelsVersion)
        {
            writer.Write(part.AllLabels is not null);
        }

        for (var i = 0; i < part.Labels.Length; i++)
        {
            if (part.AllLabels is not { } all)
            {
                writer.Write(part.Labels[i]);
                continue;
            }

            writer.Write(all[i].Count);
            foreach (var label in all[i])
            {
                writer.Write(label);
            }
        }
    }

    private static PackPart ReadPart(BinaryReader reader, long end, int version)
    {
        var names = new string[CountOf(reader, 1, MostNames)];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = reader.ReadString();
        }

        var arePlanes = reader.ReadBoolean();
        var shape = ReadShape(reader);
        var difference = reader.ReadString();
        var count = CountOf(reader, sizeof(int), int.MaxValue);
        var all = version == SeveralLabelsVersion && reader.ReadBoolean() ? ReadSeveral(reader, count) : null;
        var labels = all is null ? ReadLabels(reader, count) : all.Select(each => each.Count == 0 ? -1 : each[0]).ToArray();
        if (count == 0 || (arePlanes && (shape is null || all is not null)) || (names.Length > 0 && (all?.SelectMany(each => each) ?? labels).Any(label => label < 0 || label >= names.Length)))
        {
            throw new InvalidDataException("its index is damaged: there are no samples, or labels without a class");
        }

        var fileCount = arePlanes ? 1 : count;
        if ((long)fileCount * LeastFileBytes > Left(reader))
        {
            throw new InvalidDataException($"its index is damaged: it is to have {fileCount} files");
        }

        var files = new PackedFile[fileCount];
        for (var i = 0; i < files.Length; i++)
        {
            files[i] = new PackedFile(reader.ReadString(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadBytes(SumBytes));
            Check(files[i], arePlanes ? (long)shape!.Value.Elements * labels.Length : null, end);
        }

        return new PackPart(names, arePlanes, shape, difference.Length > 0 ? difference : null, labels, files) { AllLabels = all };
    }

    private static int[] ReadLabels(BinaryReader reader, int count)
    {
        var labels = new int[count];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = reader.ReadInt32();
        }

        return labels;
    }

    private static IReadOnlyList<int>[] ReadSeveral(BinaryReader reader, int count)
    {
        var labels = new IReadOnlyList<int>[count];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = ReadLabels(reader, CountOf(reader, sizeof(int), int.MaxValue));
        }

        return labels;
    }

    private static void Check(PackedFile file, long? expected, long end)
    {
        if (file.Offset < 0 || file.Length < 0 || file.Length > (expected ?? Array.MaxLength) || file.Length < expected || file.Offset > end - file.Length || file.Sha256.Length != SumBytes)
        {
            throw new InvalidDataException($"its index is damaged: '{file.Name}' has {file.Length} bytes from offset {file.Offset} on, and samples end at {end}");
        }
    }

    private static Shape? ReadShape(BinaryReader reader)
    {
        var (channels, height, width) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        if (channels == 0)
        {
            return null;
        }

        return channels > 0 && height > 0 && width > 0 && (Int128)channels * height * width <= Array.MaxLength
            ? new Shape(channels, height, width)
            : throw new InvalidDataException($"its index is damaged: images of {channels}x{height}x{width}");
    }

    /// <summary>Of things that have so many bytes each at least: an index that is shorter has not so many.</summary>
    private static int CountOf(BinaryReader reader, int bytes, int most)
    {
        var count = reader.ReadInt32();
        return count >= 0 && count <= most && (long)count * bytes <= Left(reader)
            ? count
            : throw new InvalidDataException($"its index is damaged: it is to have {count} entries");
    }

    private static long Left(BinaryReader reader) => reader.BaseStream.Length - reader.BaseStream.Position;
}
