using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Trainer.Protos;

namespace Trainer.Coordinator.Http;

/// <summary>A job's file as bytes, or a range of them. Its tag is that of its size and time: files appear whole, and are not changed.</summary>
internal static class HttpDownload
{
    private const string Binary = "application/octet-stream";

    public static async Task AnswerAsync(ApiCalls calls, HttpContext http)
    {
        var (id, name) = ((string)http.GetRouteValue("id")!, (string)http.GetRouteValue("name")!);
        var listed = (ListArtifactsResponse)await calls.CallAsync(HttpRoutes.ListArtifacts, new ListArtifactsRequest { Id = id }, http);
        var file = listed.Artifacts.FirstOrDefault(artifact => artifact.Name == name)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"The job has no {name}."));
        var tag = new EntityTagHeaderValue($"\"{file.Bytes:x}-{file.ModifyTime.ToDateTimeOffset().ToUnixTimeMilliseconds():x}\"");
        var headers = http.Response.GetTypedHeaders();
        (headers.ETag, headers.LastModified) = (tag, file.ModifyTime.ToDateTimeOffset());
        http.Response.Headers.AcceptRanges = "bytes";
        if (IsKnown(http.Request.GetTypedHeaders().IfNoneMatch, tag))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (Range(http.Request, tag, (long)file.Bytes) is not var (first, count))
        {
            http.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            headers.ContentRange = new ContentRangeHeaderValue((long)file.Bytes);
            return;
        }

        if (http.Request.Headers.Range.Count > 0 && count < (long)file.Bytes)
        {
            http.Response.StatusCode = StatusCodes.Status206PartialContent;
            headers.ContentRange = new ContentRangeHeaderValue(first, first + count - 1, (long)file.Bytes);
        }

        (http.Response.ContentType, http.Response.ContentLength) = (Binary, count);
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await SendAsync(calls, http, new DownloadArtifactRequest { Id = id, Name = name, Offset = (ulong)first }, count);
        }
    }

    private static async Task SendAsync(ApiCalls calls, HttpContext http, DownloadArtifactRequest request, long count)
    {
        using var call = calls.Stream(HttpRoutes.Download, request, http);
        while (count > 0 && await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            var data = ((ArtifactChunk)call.ResponseStream.Current).Data.Memory;
            var wanted = data[..(int)Math.Min(data.Length, count)];
            await http.Response.Body.WriteAsync(wanted, http.RequestAborted);
            count -= wanted.Length;
        }
    }

    private static bool IsKnown(IEnumerable<EntityTagHeaderValue> tags, EntityTagHeaderValue tag) =>
        tags.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));

    /// <returns>Null: the range is none of this file.</returns>
    private static (long First, long Count)? Range(HttpRequest request, EntityTagHeaderValue tag, long bytes)
    {
        var headers = request.GetTypedHeaders();
        var isStale = headers.IfRange is { } condition && (condition.EntityTag is null || !condition.EntityTag.Compare(tag, useStrongComparison: true));
        if (isStale || headers.Range is not { Unit.Value: "bytes", Ranges: { Count: 1 } ranges })
        {
            return (0, bytes); // Several ranges at once are answered with the whole, as HTTP allows.
        }

        var (from, to) = (ranges.First().From, ranges.First().To);
        var first = from ?? Math.Max(0, bytes - to!.Value);
        var last = from is null || to is null ? bytes - 1 : Math.Min(to.Value, bytes - 1);
        return first <= last ? (first, last - first + 1) : null;
    }
}
