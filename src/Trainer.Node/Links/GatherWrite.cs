using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Trainer.Node.Links;

/// <summary>Writes header and payload in one call, which .NET does for arrays alone, and payloads lie in native memory.</summary>
internal static unsafe partial class GatherWrite
{
    private const int Interrupted = 4; // EINTR

    /// <returns>Bytes that were written: all, where nothing interrupted the call.</returns>
    /// <exception cref="IOException">The socket takes no more.</exception>
    public static int Write(Socket socket, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        fixed (byte* first = header, second = payload)
        {
            var pieces = stackalloc Piece[] { new(first, header.Length), new(second, payload.Length) };
            var written = Write(socket.SafeHandle, pieces, 2);
            if (written >= 0)
            {
                return (int)written;
            }

            var error = Marshal.GetLastPInvokeError();
            return error == Interrupted ? 0 : throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    private static partial nint Write(SafeHandle socket, Piece* pieces, int count);

    /// <summary>The system's <c>iovec</c>.</summary>
    private readonly struct Piece(byte* start, nint length)
    {
        public readonly byte* Start = start;
        public readonly nint Length = length;
    }
}
