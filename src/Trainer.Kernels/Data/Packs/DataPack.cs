using System.Security.Cryptography;

namespace Trainer.Kernels.Data.Packs;

/// <summary>What is in a pack.</summary>
/// <param name="TrainSamples">Of the training set.</param>
/// <param name="TestSamples">0: there is no test set.</param>
/// <param name="ClassNames">By label; empty where classes have no names.</param>
/// <param name="HasSeveralLabels">Whether samples have any number of labels, which a job on the pack has to say.</param>
public sealed record PackFacts(int TrainSamples, int TestSamples, IReadOnlyList<string> ClassNames, bool HasSeveralLabels);

/// <summary>
/// A data set in one file: a tar archive of its pictures as they are (or of the planes of its images), and behind them an index with the name, the place, the label and the SHA-256 of each. Samples are read
/// where they lie, by their number. Equal data gives equal bytes, and a pack has the ids of what it was made of.
/// </summary>
public static class DataPack
{
    /// <summary>Bytes of the end of a pack that say how long its tail is.</summary>
    public const int FooterBytes = PackFooter.Length;

    /// <summary>Packs a data set. One sample is in memory at a time.</summary>
    /// <param name="train">All of a source, with its own labels.</param>
    /// <param name="test">Null: there is none.</param>
    /// <exception cref="DataFileException">A sample cannot be read.</exception>
    public static PackFacts Write(DataSet train, DataSet? test, Stream to, CancellationToken stop = default) => FactsOf(new PackWriter(to, stop).Write(train.Source, test?.Source));

    /// <summary>What a pack holds; also of its tail alone.</summary>
    /// <exception cref="DataFileException">It is no pack, or is damaged.</exception>
    public static PackFacts Describe(string path) => FactsOf(ReadIndex(path));

    /// <summary>How many bytes of the end of a pack describe it: a file of these alone can be described, and not read.</summary>
    /// <param name="end">The last <see cref="FooterBytes"/> of the pack.</param>
    /// <returns>Null: it is no pack.</returns>
    public static long? TailBytes(ReadOnlySpan<byte> end) => PackFooter.Parse(end)?.TailBytes;

    /// <summary>Opens a pack's sets; samples are not read.</summary>
    /// <returns>The test set is null where there is none.</returns>
    /// <exception cref="DataFileException">It is no pack, or is damaged.</exception>
    internal static (ISampleSource Train, ISampleSource? Test) Open(string path)
    {
        var index = ReadIndex(path);
        return (Open(path, index.Train), index.Test is null ? null : Open(path, index.Test));
    }

    private static ISampleSource Open(string path, PackPart part)
    {
        if (!part.ArePlanes)
        {
            return new PackedPictures(path, part);
        }

        var shape = part.Shape!.Value;
        return new PlaneSource(path, shape, PackedPlanes.Of(path, part.Files[0].Offset, (int)shape.Elements, part.Labels.Length), part.Labels, part.ClassNames);
    }

    private static PackFacts FactsOf(PackIndex index) => new(index.Train.Labels.Length, index.Test?.Labels.Length ?? 0, index.Train.ClassNames, index.Train.AllLabels is not null);

    private static PackIndex ReadIndex(string path)
    {
        using var file = FileSystem.OpenRegular(path);
        var end = new byte[PackFooter.Length];
        if (file.Length < end.Length || !TryRead(file, file.Length - end.Length, end) || PackFooter.Parse(end) is not { } footer || footer.TailBytes > file.Length)
        {
            throw new DataFileException(path, "is no pack, or is cut short; expected a file of: trainer data import PATH --to FILE");
        }

        var index = new byte[footer.IndexBytes];
        if (!TryRead(file, file.Length - footer.TailBytes, index) || !SHA256.HashData(index).AsSpan().SequenceEqual(footer.IndexSha256))
        {
            throw new DataFileException(path, "has an index whose SHA-256 is another than the pack says: it is damaged");
        }

        try
        {
            return PackIndex.Parse(index);
        }
        catch (InvalidDataException broken)
        {
            throw new DataFileException(path, broken.Message, broken);
        }
    }

    private static bool TryRead(FileStream file, long offset, Span<byte> into)
    {
        file.Position = offset;
        return file.ReadAtLeast(into, into.Length, throwOnEndOfStream: false) == into.Length;
    }
}
