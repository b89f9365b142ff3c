namespace Trainer.Kernels.Data;

/// <summary>A source whose samples are files of pictures: their bytes as they lie there.</summary>
internal interface IEncodedPictures
{
    /// <summary>Holds until the thread asks for the next one.</summary>
    /// <exception cref="DataFileException">It cannot be read.</exception>
    ReadOnlySpan<byte> EncodedAt(int index);

    /// <summary>Pixels of a part of a sample.</summary>
    /// <param name="part">Which one, by the height and the width of the whole; it may be asked twice. Null: all of it.</param>
    /// <exception cref="DataFileException">Naming the sample, found and expected.</exception>
    void Read(int index, Picture picture, Func<int, int, Area>? part);
}
