using System.Net;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Loses the first answer to a call, or breaks its first stream off after so many bytes.</summary>
internal sealed class BreakingHandler(string method, int afterBytes = 0) : DelegatingHandler(new SocketsHttpHandler())
{
    private int _calls;

    /// <summary>How often the call was made.</summary>
    public int Calls => _calls;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (request.RequestUri!.AbsolutePath.EndsWith($"/{method}", StringComparison.Ordinal) && Interlocked.Increment(ref _calls) == 1)
        {
            if (afterBytes == 0)
            {
                await response.Content.LoadIntoBufferAsync(cancellationToken); // It has been carried out.
                throw new HttpRequestException("The test lost the answer.");
            }

            var content = new StreamContent(new BreakingStream(await response.Content.ReadAsStreamAsync(cancellationToken), afterBytes));
            content.Headers.ContentType = response.Content.Headers.ContentType;
            response.Content = content;
            response.StatusCode = HttpStatusCode.OK;
        }

        return response;
    }

    private sealed class BreakingStream(Stream inner, int left) : Stream
    {
        private int _left = left;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left <= 0)
            {
                throw new IOException("The test broke the connection.");
            }

            var read = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, _left)], cancellationToken);
            _left -= read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
