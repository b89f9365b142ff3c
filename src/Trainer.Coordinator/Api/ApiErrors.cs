using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Errors of the API: a status, a sentence for people, and one ErrorInfo with a word for programs (Google AIP-193).</summary>
internal static class ApiErrors
{
    private const string Domain = "trainer";

    public static RpcException InvalidJob(IReadOnlyList<FieldViolation> violations)
    {
        var faults = new BadRequest
        {
            FieldViolations = { violations.Select(fault => new BadRequest.Types.FieldViolation { Field = fault.Path, Description = fault.Problem }) },
        };
        var more = violations.Count > 1 ? $" (and {violations.Count - 1} more)" : "";
        return Error(StatusCode.InvalidArgument, "INVALID_JOB", $"This job cannot run: {violations[0].Path}: {violations[0].Problem}{more}", Any.Pack(faults));
    }

    public static RpcException InvalidField(string field, string problem)
    {
        var faults = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = problem } } };
        return Error(StatusCode.InvalidArgument, "INVALID_REQUEST", $"{field}: {problem}", Any.Pack(faults));
    }

    public static RpcException NotFound(string id) => Error(StatusCode.NotFound, "JOB_NOT_FOUND", $"There is no job {id}.");

    public static RpcException Unauthenticated(string message) => Error(StatusCode.Unauthenticated, "TOKEN_INVALID", message);

    /// <summary>The caller may try again, here or at another coordinator.</summary>
    public static RpcException Unavailable(string message) => Error(StatusCode.Unavailable, "UNAVAILABLE", message);

    /// <summary>What a job's entity said.</summary>
    public static RpcException Refused(JobRefused refused)
    {
        var status = (StatusCode)refused.Status;
        return Error(status, Reason(status), refused.Message);
    }

    private static string Reason(StatusCode status) => status switch
    {
        StatusCode.NotFound => "JOB_NOT_FOUND",
        StatusCode.FailedPrecondition => "JOB_HAS_ENDED",
        StatusCode.Aborted => "ETAG_MISMATCH",
        StatusCode.AlreadyExists => "JOB_EXISTS",
        _ => "REFUSED",
    };

    private static RpcException Error(StatusCode code, string reason, string message, params ReadOnlySpan<Any> details) => new Google.Rpc.Status
    {
        Code = (int)code,
        Message = message,
        Details = { Any.Pack(new ErrorInfo { Domain = Domain, Reason = reason }), details.ToArray() },
    }.ToRpcException();
}
