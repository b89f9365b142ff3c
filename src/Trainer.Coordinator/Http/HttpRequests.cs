using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Trainer.Hosting.Limits;
using Trainer.Protos;

namespace Trainer.Coordinator.Http;

/// <summary>From path, query and body to the call's request. What does not fit says which field is wrong.</summary>
internal static class HttpRequests
{
    /// <exception cref="HttpFault">It is no such request.</exception>
    public static async Task<IMessage> ReadAsync(HttpRoute route, HttpRequest http)
    {
        var json = route.Body.Length > 0 ? await BodyAsync(http) : [];
        if (route.Body is not ("" or "*"))
        {
            json = new JsonObject { [route.Body] = json };
        }

        foreach (var (name, values) in http.Query)
        {
            foreach (var value in values)
            {
                Set(json, route.Method.InputType, name, name, value ?? "");
            }
        }

        foreach (var (name, value) in http.RouteValues)
        {
            Set(json, route.Method.InputType, name, name, (string)value!);
        }

        return Read(route.Method.InputType, json);
    }

    private static IMessage Read(MessageDescriptor type, JsonObject json)
    {
        try
        {
            var unknown = new List<string>();
            var message = ProtoJson.Read(type, ProtoJson.Line(json), unknown);
            return unknown.Count == 0 ? message : throw new HttpFault(unknown[0], "is not known to this coordinator");
        }
        catch (UnfitJsonException wrong) when (wrong.Field.Length > 0)
        {
            throw new HttpFault(wrong.Field, wrong.Problem);
        }
        catch (FormatException wrong)
        {
            throw new HttpFault("", wrong.Message);
        }
        catch (InvalidOperationException)
        {
            throw NoText();
        }
    }

    // What a JSON reader says only when the text is wanted.
    internal static HttpFault NoText() => new("body", "has text that is not Unicode: an escaped surrogate (\\ud800 to \\udfff) without its other half");

    /// <exception cref="HttpFault">It is no JSON object.</exception>
    internal static async Task<JsonObject> BodyAsync(HttpRequest http)
    {
        var text = await TextAsync(http);
        try
        {
            return text.Length == 0 ? [] : JsonNode.Parse(text, documentOptions: new() { MaxDepth = ProtoJson.MaxDepth, AllowDuplicateProperties = false }) as JsonObject ?? throw new HttpFault("body", "must be a JSON object");
        }
        catch (InvalidOperationException)
        {
            throw NoText();
        }
        catch (System.Text.Json.JsonException wrong)
        {
            throw new HttpFault("body", ProtoJson.IsTooDeep(text) ? $"is nested deeper than {ProtoJson.MaxDepth} levels" : $"is not JSON: {wrong.Message}");
        }
    }

    private static async Task<string> TextAsync(HttpRequest http)
    {
        var most = http.HttpContext.RequestServices.GetRequiredService<ProcessLimits>()[ProcessLimits.MessageBytes];
        try
        {
            http.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = most;
            using var reader = new StreamReader(http.Body);
            return await reader.ReadToEndAsync(http.HttpContext.RequestAborted);
        }
        catch (BadHttpRequestException wrong)
        {
            throw new HttpFault("body", wrong.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? $"must have {most} bytes at most (--limit {ProcessLimits.MessageBytes.Name}=N of the coordinator)"
                : $"cannot be read: {wrong.Message}");
        }
    }

    // A name leads through messages: job.etag.
    private static void Set(JsonObject json, MessageDescriptor type, string path, string name, string value)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var field = type.FindFieldByName(dot < 0 ? name : name[..dot]) ?? throw new HttpFault(path, "is not known to this coordinator");
        if (dot >= 0)
        {
            var child = json[field.Name] as JsonObject ?? [];
            json[field.Name] = child;
            Set(child, field.FieldType == FieldType.Message ? field.MessageType : throw new HttpFault(path, "is not known to this coordinator"), path, name[(dot + 1)..], value);
        }
        else if (field.IsRepeated)
        {
            var list = json[field.Name] as JsonArray ?? [];
            json[field.Name] = list;
            list.Add(Value(field, path, value));
        }
        else
        {
            json[field.Name] = Value(field, path, value);
        }
    }

    // Numbers and enum values are read from text as well.
    private static JsonNode Value(FieldDescriptor field, string path, string text) => field.FieldType switch
    {
        FieldType.Bool => bool.TryParse(text, out var flag) ? flag : throw new HttpFault(path, $"must be true or false, got '{text}'"),
        FieldType.Message when field.MessageType == FieldMask.Descriptor => new JsonObject { ["paths"] = new JsonArray([.. text.Split(',').Select(one => JsonValue.Create(one))]) },
        FieldType.Message when field.MessageType != Timestamp.Descriptor => throw new HttpFault(path, "cannot be given in a path or query"),
        _ => JsonValue.Create(text),
    };
}
