using System.Security.Cryptography;

namespace Trainer.Node.States;

/// <summary>Reads a file and takes its SHA-256 on the way.</summary>
internal sealed class SummingStream(Stream file) : Stream
{
    private readonly IncrementalHash _sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads what is left. The SHA-256 of all that was read, in hexadecimal.</summary>
    public string SumOfAll()
    {
        CopyTo(Null);
        return Convert.ToHexStringLower(_sum.GetCurrentHash());
    }

    public override int Read(Span<byte> buffer)
    {
        var read = file.Read(buffer);
        _sum.AppendData(buffer[..read]);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _sum.Dispose();
        }

        base.Dispose(disposing);
    }
}
