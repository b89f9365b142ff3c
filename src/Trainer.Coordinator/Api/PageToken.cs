using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Api;

/// <summary>Where a list goes on, opaque to callers: good for a list of the same order.</summary>
internal static class PageToken
{
    public static string Write(JobOrder order, JobCursor last) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Name(order)}:{last.Value}:{last.Id}")));

    /// <summary>Null for the first page.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: no such list gave this token.</exception>
    public static JobCursor? Read(string token, JobOrder order)
    {
        if (token.Length == 0)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[256];
        return token.Length <= bytes.Length && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, bytes, out var length)
            && Encoding.UTF8.GetString(bytes[..length]).Split(':') is [var name, var value, { Length: > 0 } id] && name == Name(order) && Value(order, value) is { } after
            ? new JobCursor(after, id)
            : throw ApiErrors.InvalidField("page_token", "is not a token that ListJobs gave for a list of this order");
    }

    private static object? Value(JobOrder order, string text) => order.Field == JobOrderField.Name ? text
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;

    private static string Name(JobOrder order) => $"{(int)order.Field}{(order.Descending ? "-" : "+")}";
}
