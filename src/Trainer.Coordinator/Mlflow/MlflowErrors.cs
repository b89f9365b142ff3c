using System.Text.Json.Nodes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Trainer.Coordinator.Http;

namespace Trainer.Coordinator.Mlflow;

/// <summary>Errors as MLflow has them: <c>{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"..."}</c>.</summary>
internal static class MlflowErrors
{
    public static (int Code, JsonObject Body) Of(HttpFault fault) => Error(StatusCodes.Status400BadRequest, "INVALID_PARAMETER_VALUE", fault.Message);

    public static (int Code, JsonObject Body) Of(RpcException refused) => refused.StatusCode switch
    {
        StatusCode.NotFound => Error(StatusCodes.Status404NotFound, MlflowException.Missing, refused.Status.Detail),
        StatusCode.InvalidArgument => Error(StatusCodes.Status400BadRequest, "INVALID_PARAMETER_VALUE", refused.Status.Detail),
        StatusCode.Unauthenticated => Error(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED", refused.Status.Detail),
        StatusCode.PermissionDenied => Error(StatusCodes.Status403Forbidden, "PERMISSION_DENIED", refused.Status.Detail),
        StatusCode.ResourceExhausted => Error(StatusCodes.Status429TooManyRequests, "REQUEST_LIMIT_EXCEEDED", refused.Status.Detail),
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => Error(StatusCodes.Status503ServiceUnavailable, "TEMPORARILY_UNAVAILABLE", refused.Status.Detail),
        StatusCode.Unimplemented => Error(StatusCodes.Status404NotFound, "ENDPOINT_NOT_FOUND", refused.Status.Detail),
        _ => Error(StatusCodes.Status500InternalServerError, "INTERNAL_ERROR", refused.Status.Detail),
    };

    private static (int Code, JsonObject Body) Error(int status, string code, string message) => (status, new JsonObject { ["error_code"] = code, ["message"] = message });
}
