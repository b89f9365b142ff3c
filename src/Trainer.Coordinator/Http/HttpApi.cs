using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Trainer.Coordinator.Api;
using Trainer.Protos;

namespace Trainer.Coordinator.Http;

/// <summary>The job API over HTTP, as <see cref="HttpRoutes"/> has it. Answers are the JSON of the command line; streams have a message a line.</summary>
internal static class HttpApi
{
    private const string Json = "application/json";
    private const string Lines = "application/x-ndjson";

    public static void MapHttpApi(this IEndpointRouteBuilder app, ApiCalls calls)
    {
        var lines = new SharedLines();
        foreach (var route in HttpRoutes.All)
        {
            var endpoint = app.MapMethods(route.Pattern, [route.Verb], http => AnswerAsync(http, () => route.Method.IsServerStreaming ? StreamAsync(route, calls, lines, http) : CallAsync(route, calls, http)));
            AccessGate.Named(endpoint, route.Method);
        }

        AccessGate.Named(app.MapMethods(HttpRoutes.Artifact, ["GET", "HEAD"], http => AnswerAsync(http, () => HttpDownload.AnswerAsync(calls, http))), HttpRoutes.Download);
        var unknown = app.Map(Permissions.UnknownPath, http => AnswerAsync(http, () => throw new RpcException(new Status(StatusCode.NotFound, $"There is no {http.Request.Method} {http.Request.Path}. The paths are in docs/api.md."))));
        AccessGate.Named(unknown, Permissions.UnknownPath);
    }

    private static async Task AnswerAsync(HttpContext http, Func<Task> answer)
    {
        try
        {
            await answer();
        }
        catch (HttpFault fault)
        {
            await RefuseAsync(http, HttpErrors.Of(fault));
        }
        catch (RpcException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (RpcException refused)
        {
            await RefuseAsync(http, HttpErrors.Of(refused));
        }
    }

    private static async Task CallAsync(HttpRoute route, ApiCalls calls, HttpContext http)
    {
        var answer = await calls.CallAsync(route.Method, await HttpRequests.ReadAsync(route, http.Request), http);
        http.Response.ContentType = Json;
        await WriteAsync(http, answer);
    }

    private static async Task StreamAsync(HttpRoute route, ApiCalls calls, SharedLines lines, HttpContext http)
    {
        using var call = calls.StreamBytes(route.Method, await HttpRequests.ReadAsync(route, http.Request), http);
        http.Response.ContentType = Lines;
        if (StreamHeaders.SayThatItWaits(await call.ResponseHeadersAsync))
        {
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }

        while (await call.ResponseStream.MoveNext(http.RequestAborted))
        {
            await http.Response.Body.WriteAsync(lines.Of(route.Method.OutputType, call.ResponseStream.Current), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }

    // A stream that has begun ends with the error as its last line.
    internal static async Task RefuseAsync(HttpContext http, (int Code, JsonObject Body) error)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.Clear();
            http.Response.StatusCode = error.Code;
            http.Response.ContentType = Json;
        }
        else if (http.Response.ContentType != Lines)
        {
            http.Abort(); // A file that is not whole.
            return;
        }

        await WriteAsync(http, error.Body);
    }

    private static async Task WriteAsync(HttpContext http, IMessage message)
    {
        ProtoJson.Write(http.Response.BodyWriter, message);
        http.Response.BodyWriter.Write("\n"u8);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext http, JsonNode json) =>
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(ProtoJson.Line(json) + "\n"), http.RequestAborted);
}
