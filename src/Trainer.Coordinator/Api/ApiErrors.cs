using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Trainer.Coordinator.Store;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Api;

/// <summary>Errors of the API: a status, a sentence for people, and one ErrorInfo with a word for programs (Google AIP-193).</summary>
internal static class ApiErrors
{
    private const string Domain = "trainer";
    private const int LongestText = 800;
    private const int MostText = 4000;

    public static RpcException InvalidJob(IReadOnlyList<FieldViolation> violations)
    {
        var faults = new BadRequest
        {
            FieldViolations = { Most(violations.Select(fault => new BadRequest.Types.FieldViolation { Field = Shorten(fault.Path), Description = Shorten(fault.Problem) })) },
        };
        var more = violations.Count > 1 ? $" (and {violations.Count - 1} more)" : "";
        return Error(StatusCode.InvalidArgument, "INVALID_JOB", $"This job cannot run: {violations[0].Path}: {violations[0].Problem}{more}", Any.Pack(faults));
    }

    public static RpcException InvalidField(string field, string problem)
    {
        var faults = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = Shorten(problem) } } };
        return Error(StatusCode.InvalidArgument, "INVALID_REQUEST", $"{field}: {problem}", Any.Pack(faults));
    }

    public static RpcException UnreadableRequest(string message) => Error(StatusCode.InvalidArgument, "INVALID_REQUEST", message);

    public static RpcException NotFound(string id) => Error(StatusCode.NotFound, "JOB_NOT_FOUND", $"There is no job {id}.");

    /// <summary>A model's shapes follow from data that are gone.</summary>
    public static RpcException NotDescribable(Exception gone) =>
        Error(StatusCode.FailedPrecondition, "MODEL_NOT_DESCRIBABLE", $"The model's shapes follow from the job's data, which cannot be read any more: {gone.Message}");

    /// <summary>A job's data or weights are not to be had here.</summary>
    public static RpcException NotInspectable(string message) => Error(StatusCode.FailedPrecondition, "NOT_INSPECTABLE", message);

    public static RpcException NoInspection() => Error(StatusCode.Unimplemented, "NO_INSPECTION", "This coordinator makes no pictures: it does not run as the program trainer.");

    public static RpcException InspectionFailed(string message) => Error(StatusCode.Internal, "INSPECTION_FAILED", message);

    public static RpcException InspectionTooLong(string message) => Error(StatusCode.DeadlineExceeded, "INSPECTION_TOO_LONG", message);

    public static RpcException NotVerifiable(string message) => Error(StatusCode.FailedPrecondition, "NOT_VERIFIABLE", message);

    /// <summary>Nobody here computes as a job was computed.</summary>
    public static RpcException OtherNumerics(string message) => Error(StatusCode.FailedPrecondition, "OTHER_NUMERICS", message);

    public static RpcException WorkerNotFound(string name) => Error(StatusCode.NotFound, "WORKER_NOT_FOUND", $"There is no worker {name}.");

    public static RpcException NotOrphaned(string message) => Error(StatusCode.FailedPrecondition, "WORKER_NOT_ORPHANED", message);

    public static RpcException NotQuarantined(string name, string device) => Error(
        StatusCode.NotFound, "NOT_QUARANTINED", $"Nothing of machine or worker {name}{(device.Length > 0 ? $", device {device}," : "")} is in quarantine.");

    public static RpcException JobExists(string message) => Error(StatusCode.AlreadyExists, "JOB_EXISTS", message);

    /// <summary>Something still needs the job.</summary>
    public static RpcException JobInUse(string message) => Error(StatusCode.FailedPrecondition, "JOB_IN_USE", message);

    public static RpcException ArtifactNotFound(string name) => Error(StatusCode.NotFound, "ARTIFACT_NOT_FOUND", $"The job has no {name}.");

    public static RpcException CheckpointNotFound(string job, string problem) => Error(StatusCode.NotFound, "CHECKPOINT_NOT_FOUND", $"There is no such checkpoint of job {job}: {problem}.");

    public static RpcException DataSetNotFound(string id) => Error(StatusCode.NotFound, "DATA_SET_NOT_FOUND", $"There is no data set {id}. Those that there are: trainer data list");

    /// <summary>A job still needs it.</summary>
    public static RpcException DataSetInUse(string message) => Error(StatusCode.FailedPrecondition, "DATA_SET_IN_USE", message);

    public static RpcException DataSetOfAnother(string message) => Error(StatusCode.PermissionDenied, "DATA_SET_OF_ANOTHER", message);

    public static RpcException DataSetDeleting(string id) => Error(StatusCode.FailedPrecondition, "DATA_SET_DELETING", $"The data set {id} is being deleted. Push it again when it is gone.");

    /// <summary>What was uploaded is not what it was to be.</summary>
    public static RpcException DataSetDamaged(string message) => Error(StatusCode.FailedPrecondition, "DATA_SET_DAMAGED", message);

    public static RpcException BeyondTheEnd(string message) => Error(StatusCode.OutOfRange, "OFFSET_BEYOND_END", message);

    public static RpcException LogTrimmed(string message) => Error(StatusCode.OutOfRange, "LOG_TRIMMED", message);

    public static RpcException TooManyDownloads(string message) => Error(StatusCode.ResourceExhausted, "TOO_MANY_DOWNLOADS", message);

    /// <param name="reason">A word for programs.</param>
    public static RpcException Unauthenticated(string reason, string message) => Error(StatusCode.Unauthenticated, reason, message);

    public static RpcException RoleNeeded(string message) => Error(StatusCode.PermissionDenied, "ROLE_NEEDED", message);

    public static RpcException JobOfAnother(string message) => Error(StatusCode.PermissionDenied, "JOB_OF_ANOTHER", message);

    /// <summary>A client asks for more than its share.</summary>
    public static RpcException TooMuch(string reason, string message) => Error(StatusCode.ResourceExhausted, reason, message);

    public static RpcException NotForThisHost(string message) => Error(StatusCode.PermissionDenied, "HOST_UNKNOWN", message);

    public static RpcException NotForThisToken(string message) => Error(StatusCode.FailedPrecondition, "NOT_FOR_THIS_TOKEN", message);

    public static RpcException TokenNotFound(string id) => Error(StatusCode.NotFound, "TOKEN_NOT_FOUND", $"There is no token {id}. Those that there are: trainer token list");

    /// <summary>The caller may try again, here or at another coordinator.</summary>
    public static RpcException Unavailable(string message) => Error(StatusCode.Unavailable, "UNAVAILABLE", message);

    /// <summary>The caller asks for more than there is room for.</summary>
    public static RpcException Exhausted(string message) => Error(StatusCode.ResourceExhausted, "TOO_MANY_CHECKS", message);

    public static RpcException Internal(string message) => Error(StatusCode.Internal, "INTERNAL", message);

    public static RpcException Store(StoreException fault) => Error(fault.Status, fault.Reason, fault.Message);

    /// <summary>What a job's entity said.</summary>
    public static RpcException Refused(JobRefused refused)
    {
        var status = (StatusCode)refused.Status;
        return Error(status, refused.Reason.Length > 0 ? refused.Reason : Reason(status), refused.Message);
    }

    private static string Reason(StatusCode status) => status switch
    {
        StatusCode.NotFound => "JOB_NOT_FOUND",
        StatusCode.FailedPrecondition => "JOB_HAS_ENDED",
        StatusCode.Aborted => "ETAG_MISMATCH",
        StatusCode.AlreadyExists => "JOB_EXISTS",
        _ => "REFUSED",
    };

    /// <summary>Statuses travel in HTTP/2 trailers, which have room for some kilobytes: more arrives as UNKNOWN without a word.</summary>
    private static string Shorten(string text) => text.Length <= LongestText ? text : $"{text[..LongestText]} ... ({text.Length} characters)";

    private static IEnumerable<BadRequest.Types.FieldViolation> Most(IEnumerable<BadRequest.Types.FieldViolation> faults)
    {
        var room = MostText;
        foreach (var fault in faults)
        {
            room -= fault.Field.Length + fault.Description.Length;
            if (room < 0)
            {
                yield break;
            }

            yield return fault;
        }
    }

    private static RpcException Error(StatusCode code, string reason, string message, params ReadOnlySpan<Any> details) => new Google.Rpc.Status
    {
        Code = (int)code,
        Message = Shorten(message),
        Details = { Any.Pack(new ErrorInfo { Domain = Domain, Reason = reason }), details.ToArray() },
    }.ToRpcException();
}
