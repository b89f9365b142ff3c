namespace Trainer.Kernels.Data.Pictures;

/// <summary>A source whose samples are files of pictures: their bytes as they lie there.</summary>
internal interface IEncodedPictures
{
    /// <summary>Holds until the thread asks for the next one.</summary>
    /// <exception cref="DataFileException">It cannot be read.</exception>
    ReadOnlySpan<byte> EncodedAt(int index);
}
