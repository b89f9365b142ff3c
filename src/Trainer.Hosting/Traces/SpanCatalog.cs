namespace Trainer.Hosting.Traces;

/// <summary>Names of spans and keys of attributes; docs/tracing.md has them with their meaning, and a test compares the two.</summary>
public static class SpanCatalog
{
    /// <summary>Of the source whose spans are exported.</summary>
    public const string Source = "Trainer";

    /// <summary>From a job's creation to its end: the root of its trace.</summary>
    public const string Job = "job";

    /// <summary>A user asked for something; linked to the span of the call where that is in the trace of whoever called.</summary>
    public const string Request = "request";

    /// <summary>From what made other members or other shares due to the first item that these commit.</summary>
    public const string Generation = "generation";

    // What a job's entity is at.
    public const string AskWorkers = "ask workers";
    public const string GatherWorkers = "gather workers";
    public const string Hold = "hold";
    public const string Fence = "fence";
    public const string Start = "start";
    public const string FirstCommit = "first commit";
    public const string WriteResult = "write result";

    // What a worker does for a job.
    public const string LoadData = "load data";
    public const string LayOut = "lay out";
    public const string BuildNetwork = "build network";
    public const string TakeState = "take state";
    public const string OpenLinks = "open links";
    public const string FirstStep = "first step";

    /// <summary>Spans whose name is the state that the job was in: queued, starting, running ...</summary>
    public const string State = "trainer.job.state";

    public const string JobId = "trainer.job.id";
    public const string JobName = "trainer.job.name";
    public const string Reason = "trainer.job.reason";
    public const string Message = "trainer.job.message";
    public const string User = "trainer.job.user";
    public const string Number = "trainer.generation";
    public const string Cause = "trainer.generation.reason";
    public const string Detail = "trainer.generation.detail";
    public const string Members = "trainer.generation.members";
    public const string Lost = "trainer.generation.lost";
    public const string FromStep = "trainer.generation.from_step";
    public const string StepsRedone = "trainer.generation.steps_redone";
    public const string Worker = "trainer.worker";
    public const string RpcSystem = "rpc.system";
    public const string RpcService = "rpc.service";
    public const string RpcMethod = "rpc.method";
    public const string RpcStatus = "rpc.grpc.status_code";
}
