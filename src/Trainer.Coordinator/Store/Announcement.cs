using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A change of a job's state that a receiver outside the cluster is still to be told.</summary>
/// <param name="Number">Grows with each change of one job.</param>
/// <param name="Id">The same however often it is told.</param>
/// <param name="Body">JSON: type, timestamp, data.</param>
public sealed record Announcement(long Number, string Id, string Job, DateTimeOffset Time, string Body)
{
    /// <summary>What <see cref="Body"/> says that it is.</summary>
    public const string Type = "job.state_changed";

    /// <summary>Characters of a message; more is cut off.</summary>
    private const int LongestMessage = 1000;

    private static readonly JsonSerializerOptions Form = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The body about a transition of a job, which is as <paramref name="row"/> says.</summary>
    internal static string BodyOf(JobRow row, Transition transition) => new JsonObject
    {
        ["type"] = Type,
        ["timestamp"] = Moment(transition.Time.ToDateTimeOffset()),
        ["data"] = new JsonObject
        {
            ["job"] = row.Id,
            ["name"] = row.Spec.Name,
            ["creator"] = row.Creator,
            ["state"] = transition.State.Name(),
            ["reason"] = transition.Reason,
            ["message"] = transition.Message.Length <= LongestMessage ? transition.Message : transition.Message[..LongestMessage] + "...",
            ["step"] = row.Progress?.Step ?? 0,
            ["total_steps"] = row.Progress?.TotalSteps ?? 0,
            ["create_time"] = Moment(row.Created),
        },
    }.ToJsonString(Form);

    private static string Moment(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}";
}
