using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Api;

/// <summary>Where a list goes on, opaque to callers.</summary>
internal static class PageToken
{
    public static string Write(JobRow last) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{last.Created.ToUnixTimeMilliseconds()}:{last.Id}"));

    /// <summary>Null for the first page.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: no list gave this token.</exception>
    public static JobCursor? Read(string token)
    {
        if (token.Length == 0)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[256];
        if (token.Length <= bytes.Length && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, bytes, out var length)
            && Encoding.UTF8.GetString(bytes[..length]).Split(':') is [var time, { Length: > 0 } id]
            && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            return new JobCursor(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), id);
        }

        throw ApiErrors.InvalidField("page_token", "is not a token that ListJobs gave");
    }
}
