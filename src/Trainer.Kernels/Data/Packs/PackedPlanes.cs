namespace Trainer.Kernels.Data.Packs;

/// <summary>Planes of a pack that are few enough to be in memory.</summary>
internal sealed class PackedPlanes(FilePlanes file, int stride, int count) : IPlanes
{
    private byte[]? _content;

    public bool AreInMemory => true;

    /// <summary>Those that are more are read where they lie.</summary>
    public static IPlanes Of(string pack, long offset, int stride, int count)
    {
        var file = new FilePlanes(pack, offset, stride);
        return (long)stride * count <= IdxSource.MostInMemory ? new PackedPlanes(file, stride, count) : file;
    }

    public void Load()
    {
        if (_content is not null)
        {
            return;
        }

        file.Load();
        var content = new byte[stride * count];
        for (var i = 0; i < count; i++)
        {
            file.Of(i, content.AsSpan(i * stride, stride));
        }

        _content = content;
    }

    public ReadOnlySpan<byte> Of(int index, Span<byte> scratch) => _content.AsSpan(index * stride, stride);
}
