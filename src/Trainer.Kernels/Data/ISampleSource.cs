using System.Security.Cryptography;

namespace Trainer.Kernels.Data;

/// <summary>
/// Samples by index, from 0 on: what a data set is made of, wherever it lies. Making one reads headers and labels, so that a coordinator can describe it; pixels are read
/// by whoever trains. For several threads at a time.
/// </summary>
public interface ISampleSource
{
    int Count { get; }

    /// <summary>Of every image.</summary>
    int Channels { get; }

    /// <summary>(C, H, W) of every image; null where they differ.</summary>
    Shape? Shape { get; }

    /// <summary>Two images whose sizes differ, in words; null where none do, or nobody knows.</summary>
    string? SizeDifference => null;

    /// <summary>By label; empty where classes have no names.</summary>
    IReadOnlyList<string> ClassNames => [];

    /// <summary>The sample's label; of several the first, -1 where it has none.</summary>
    int LabelOf(int index);

    /// <summary>Whether samples have any number of labels each, none included.</summary>
    bool HasSeveralLabels => false;

    /// <summary>All labels of a sample.</summary>
    IReadOnlyList<int> LabelsOf(int index) => [LabelOf(index)];

    /// <summary>For messages and tables.</summary>
    string NameOf(int index) => $"sample {index}";

    /// <summary>Brings into memory what lies there while it is read. Called once, before the first <see cref="Read"/>.</summary>
    /// <exception cref="DataFileException">A file is not what it should be.</exception>
    void Load()
    {
    }

    /// <summary>Pixels of a sample.</summary>
    /// <exception cref="DataFileException">Naming the sample, found and expected.</exception>
    void Read(int index, Picture picture);

    /// <summary>Whether samples are files of pictures, whose pixels depend on who decodes them.</summary>
    bool IsDecoded => false;

    /// <summary>Adds what tells a sample from others as far as that is known without reading it: name, length and label. Of pictures in files.</summary>
    void Outline(int index, IncrementalHash sum) => throw new NotSupportedException("Samples of this source are known by their pixels alone.");

    /// <summary>Adds what tells a sample from others, for <see cref="DataSet.Fingerprint"/>. Unless told otherwise: its label and its pixels.</summary>
    void Identify(int index, IncrementalHash sum)
    {
        var picture = new Picture();
        Read(index, picture);
        sum.AppendData(BitConverter.GetBytes(LabelOf(index)));
        sum.AppendData(picture.Pixels);
    }
}
