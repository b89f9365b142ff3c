namespace Trainer.Kernels.Data;

/// <summary>Images of one size, one after another, as planes (C, H, W).</summary>
internal interface IPlanes
{
    /// <summary>Whether <see cref="Of"/> costs nothing.</summary>
    bool AreInMemory { get; }

    /// <summary>Called once, before <see cref="Of"/>.</summary>
    void Load();

    /// <summary>The bytes of an image.</summary>
    /// <param name="scratch">Memory to read them into, as long as an image.</param>
    ReadOnlySpan<byte> Of(int index, Span<byte> scratch);
}

/// <summary>Planes that the caller has in memory.</summary>
internal sealed class ArrayPlanes(ReadOnlyMemory<byte> pixels, int stride) : IPlanes
{
    public bool AreInMemory => true;

    public void Load()
    {
    }

    public ReadOnlySpan<byte> Of(int index, Span<byte> scratch) => pixels.Span.Slice(index * stride, stride);
}
