using System.Security.Cryptography;

namespace Trainer.Hosting.Artifacts;

/// <summary>A file of a store while it is written. It appears when it is committed; without that, disposing leaves nothing behind.</summary>
public abstract class ArtifactWriter : Stream
{
    private readonly IncrementalHash _sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    /// <summary>Bytes that were written.</summary>
    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <summary>Makes the file appear under its key.</summary>
    /// <returns>Its SHA-256.</returns>
    public string Commit()
    {
        Publish();
        return Convert.ToHexStringLower(_sum.GetCurrentHash());
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Take(buffer);
        _sum.AppendData(buffer);
        _length += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected abstract void Take(ReadOnlySpan<byte> more);

    protected abstract void Publish();

    /// <summary>Removes what was not published. Comes once, whether it was or not; throws nothing.</summary>
    protected abstract void Abandon();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Abandon();
            _sum.Dispose();
        }

        base.Dispose(disposing);
    }
}
