using System.Text.Json.Nodes;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Follow;

/// <summary>Events of a job as flat objects with an "event" field, so that scripts can filter lines.</summary>
internal static class JobJson
{
    public static JsonObject Of(JobEvent happened) => happened switch
    {
        StateChanged changed => Event("state", changed.Job),
        Evaluated evaluated => Merge(Event("evaluation", evaluated.Job), ProtoJson.ToJson(evaluated.Evaluation)),
        EpochClosed closed => Merge(Event("epoch", closed.Job), ProtoJson.ToJson(closed.Epoch)),
        Progressed progressed => Merge(Event("progress", progressed.Job), ProtoJson.ToJson(progressed.Job.Progress)),
        Ended ended => Merge(Event("result", ended.Job), ended.Job.Result is { } result ? ProtoJson.ToJson(result) : ProtoJson.Nothing(Result.Descriptor)),
        Notice notice => new JsonObject { ["event"] = "notice", ["message"] = notice.Text },
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "not an event"),
    };

    private static JsonObject Event(string name, Job job)
    {
        var json = new JsonObject { ["event"] = name, ["id"] = job.Id, ["name"] = job.Spec?.Name, ["exact"] = JobText.IsExact(job) };
        foreach (var field in (string[])["state", "message"])
        {
            json[field] = ProtoJson.Field(job, field);
        }

        return json;
    }

    private static JsonObject Merge(JsonObject into, JsonObject from)
    {
        foreach (var (name, value) in from)
        {
            into[name] = value?.DeepClone();
        }

        return into;
    }
}
