using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Pages of data sets: by name, those begun last first.</summary>
internal static class DataSetPages
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 1000;

    /// <summary>Of which a page is a part.</summary>
    public static IOrderedEnumerable<PushedDataSet> InOrder(IEnumerable<PushedDataSet> sets) =>
        sets.OrderBy(set => set.Name, StringComparer.Ordinal).ThenByDescending(Began).ThenBy(set => set.Id, StringComparer.Ordinal);

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT: there is no such page.</exception>
    public static void Check(ListDataSetsRequest request)
    {
        if (request.PageSize is < 0 or > MaxPageSize)
        {
            throw ApiErrors.InvalidField("page_size", $"must be 0 (for {DefaultPageSize}) to {MaxPageSize}, got {request.PageSize}");
        }

        _ = Read(request.PageToken);
    }

    /// <param name="all">In their order.</param>
    public static ListDataSetsResponse Of(IReadOnlyList<PushedDataSet> all, ListDataSetsRequest request)
    {
        var size = request.PageSize == 0 ? DefaultPageSize : request.PageSize;
        var left = Read(request.PageToken) is { } last ? all.Where(set => IsBehind(set, last)).ToList() : all;
        var page = new ListDataSetsResponse { DataSets = { left.Take(size).Select(WithoutClassNames) } };
        if (left.Count > size)
        {
            page.NextPageToken = Write(left[size - 1]);
        }

        return page;
    }

    private static PushedDataSet WithoutClassNames(PushedDataSet set)
    {
        var shown = set.Clone();
        shown.ClassNames.Clear();
        return shown;
    }

    private static bool IsBehind(PushedDataSet set, (string Name, long Began, string Id) last)
    {
        var name = string.CompareOrdinal(set.Name, last.Name);
        return name != 0 ? name > 0 : Began(set) != last.Began ? Began(set) < last.Began : string.CompareOrdinal(set.Id, last.Id) > 0;
    }

    private static long Began(PushedDataSet set) => set.CreateTime.ToDateTimeOffset().ToUnixTimeMilliseconds();

    private static string Write(PushedDataSet last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Began(last)}:{last.Id}")));

    private static (string Name, long Began, string Id)? Read(string token)
    {
        if (token.Length == 0)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[256];
        return token.Length <= bytes.Length && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, bytes, out var length)
            && Encoding.UTF8.GetString(bytes[..length]).Split(':') is [var time, { Length: > 0 } id] && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var began)
            ? (id.Split('@')[0], began, id)
            : throw ApiErrors.InvalidField("page_token", "is not a token that ListDataSets gave");
    }
}
