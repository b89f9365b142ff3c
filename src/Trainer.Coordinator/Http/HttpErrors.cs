using System.Text.Json.Nodes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Trainer.Coordinator.Http;

/// <summary>A request that no call can be made of.</summary>
/// <param name="field">Empty: the message names it.</param>
internal sealed class HttpFault(string field, string problem) : Exception(field.Length > 0 ? $"{field}: {problem}" : problem)
{
    public string Field { get; } = field;

    public string Problem { get; } = problem;
}

/// <summary>Errors as Google's APIs have them in JSON: <c>{"error":{"code":404,"status":"NOT_FOUND","message":"...","reason":"JOB_NOT_FOUND","violations":[]}}</c>.</summary>
internal static class HttpErrors
{
    public static (int Code, JsonObject Body) Of(HttpFault fault) =>
        Error(StatusCode.InvalidArgument, "INVALID_REQUEST", fault.Message, [Violation(fault.Field, fault.Problem)]);

    public static (int Code, JsonObject Body) Of(RpcException refused)
    {
        var status = refused.GetRpcStatus();
        var violations = status?.GetDetail<BadRequest>()?.FieldViolations.Select(fault => Violation(fault.Field, fault.Description)) ?? [];
        return Error(refused.StatusCode, status?.GetDetail<ErrorInfo>()?.Reason ?? "", refused.Status.Detail, violations);
    }

    private static (int Code, JsonObject Body) Error(StatusCode status, string reason, string message, IEnumerable<JsonObject> violations)
    {
        var code = HttpCode(status);
        return (code, new JsonObject
        {
            ["error"] = new JsonObject
            {
                ["code"] = code,
                ["status"] = Name(status),
                ["message"] = message,
                ["reason"] = reason,
                ["violations"] = new JsonArray([.. violations]),
            },
        });
    }

    private static JsonObject Violation(string field, string description) => new() { ["field"] = field, ["description"] = description };

    // As google/rpc/code.proto says.
    private static int HttpCode(StatusCode status) => status switch
    {
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition => StatusCodes.Status400BadRequest,
        StatusCode.OutOfRange => StatusCodes.Status416RangeNotSatisfiable,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.Aborted or StatusCode.AlreadyExists => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    // FailedPrecondition: FAILED_PRECONDITION.
    private static string Name(StatusCode status) =>
        string.Concat($"{status}".Select((letter, i) => char.IsAsciiLetterUpper(letter) && i > 0 ? $"_{letter}" : $"{char.ToUpperInvariant(letter)}"));
}
