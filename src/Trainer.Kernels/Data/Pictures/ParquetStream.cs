namespace Trainer.Kernels.Data.Pictures;

/// <summary>A file at whose end whoever reads on is stopped: Parquet's library takes the end, which is -1, for a byte of a number that goes on, and asks for the next one for ever.</summary>
internal sealed class ParquetStream(FileStream file) : FileView(file)
{
    /// <exception cref="EndOfStreamException">There is none.</exception>
    public override int ReadByte() => base.ReadByte() is var value and >= 0 ? value : throw new EndOfStreamException($"it goes on beyond its end, at {Position}");
}
