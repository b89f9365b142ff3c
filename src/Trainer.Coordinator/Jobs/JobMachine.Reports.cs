using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>What the workers have to say.</summary>
public sealed partial record JobMachine
{
    private JobDecision Hear(Reported e)
    {
        var report = e.Report;
        if (report.ReportCase == WorkerReport.ReportOneofCase.Log)
        {
            return new JobDecision(this, [new WriteLog(report.Worker, report.Log.Message, e.Now)]);
        }

        var member = Members.Find(member => member.Name == report.Worker);
        if (Row.HasEnded || member is null)
        {
            return Dismiss(e);
        }

        if (Compare(report.Generation, Row.Generation) < 0)
        {
            return Nothing;
        }

        if (report.Incarnation != member.Member.Incarnation)
        {
            return Lose(member, StepNow, "its process was started anew", e.Now);
        }

        var heard = With(member with
        {
            ActorPath = e.Sender.Length > 0 ? e.Sender : member.ActorPath,
            LastSign = e.Now,
            Answered = true,
            Suspicion = null,
        });
        return Then(heard.Take(report, e.Now), next => next.Row.HasEnded ? next.Nothing : next.AdoptIfAllAnswered(e.Now));
    }

    // Whoever serves a job that has ended, or that it does not belong to, may stop.
    private JobDecision Dismiss(Reported e)
    {
        var report = e.Report;
        if (e.Sender.Length == 0 || report.ReportCase == WorkerReport.ReportOneofCase.Busy)
        {
            return Nothing;
        }

        var generation = Compare(report.Generation, OrderGeneration) > 0 ? report.Generation : OrderGeneration;
        return new JobDecision(this, [Release(e.Sender, report.Worker, generation, Row.HasEnded ? Row.Message : "The job runs elsewhere.")]);
    }

    private JobDecision Take(WorkerReport report, DateTimeOffset now) => report.ReportCase switch
    {
        WorkerReport.ReportOneofCase.Started => With(Member(report) with { Started = true }).RunIfStarted(now),
        WorkerReport.ReportOneofCase.Step => Advance(report.Step.Progress, now),
        WorkerReport.ReportOneofCase.Epoch => CloseEpoch(report.Epoch, now),
        WorkerReport.ReportOneofCase.Alive => AskForEpochs(report.Alive.EpochsClosed, now),
        WorkerReport.ReportOneofCase.Finished => Finish(Member(report) with { Finished = report.Finished, Started = true }, now),
        WorkerReport.ReportOneofCase.Failure when report.Failure.NotFinite => Fail(
            "Diverged", $"Training diverged at step {report.Failure.Step}: {report.Failure.Message}", now),
        WorkerReport.ReportOneofCase.Failure => Fail(
            "WorkerFailed", $"Worker {report.Worker} failed at step {report.Failure.Step}: {report.Failure.Message}", now),
        WorkerReport.ReportOneofCase.LinkLost => Accuse(report, now),
        WorkerReport.ReportOneofCase.Busy => Yield(report, now),
        WorkerReport.ReportOneofCase.Fenced => Nothing, // Nobody fences yet.
        _ => throw new ArgumentOutOfRangeException(nameof(report), report.ReportCase, "A report that nobody handles."),
    };

    private JobDecision Advance(Progress progress, DateTimeOffset now)
    {
        var advanced = this with { Row = Row with { Progress = progress } };
        if (progress.Step > StepNow)
        {
            // A committed step proves that every member took part in it.
            advanced = advanced with { Members = Members.ConvertAll(member => member with { LastSign = now, Started = true, Suspicion = null }) };
        }

        return Then(new JobDecision(advanced, [new Publish(AtOnce: false)]), next => next.RunIfStarted(now));
    }

    private JobDecision CloseEpoch(EpochReport report, DateTimeOffset now)
    {
        var expected = (uint)Row.Epochs.Count + 1;
        if (report.Summary.Epoch != expected)
        {
            return AskForEpochs(report.Summary.Epoch, now);
        }

        var row = Row with { Epochs = Row.Epochs.Add(report.Summary), Version = Row.Version + 1 };
        return Then(
            new JobDecision(this with { Row = row }, [new Save(row), new Publish(AtOnce: true)]),
            next => next.SucceedIfAllFinished(now));
    }

    // Rank 0 keeps all epochs of the job and sends those that are missing here.
    private JobDecision AskForEpochs(uint closed, DateTimeOffset now) =>
        closed > Row.Epochs.Count && now - LastQuery >= Settings.QueryInterval
            ? new JobDecision(this with { LastQuery = now }, [Query(Members[0])])
            : Nothing;

    private JobDecision Finish(JobMember member, DateTimeOffset now) =>
        Then(With(member).RunIfStarted(now), next => next.SucceedIfAllFinished(now));

    private JobDecision SucceedIfAllFinished(DateTimeOffset now)
    {
        if (!Members.TrueForAll(member => member.Finished is not null))
        {
            return Nothing;
        }

        if (Members.DistinctBy(member => member.Finished!.WeightsHash).Count() > 1)
        {
            return Fail("WeightsDiffer", $"The workers' weights differ: {Hashes()}.", now);
        }

        if (Members[0].Finished!.WeightsSha256.Length == 0)
        {
            return Fail("NoResult", $"Worker {Members[0].Name} finished without a weights file.", now);
        }

        return Row.Epochs.Count < Row.Spec.Training.Epochs
            ? AskForEpochs(Row.Spec.Training.Epochs, now)
            : End(JobState.Succeeded, "Completed", $"Trained {Row.Epochs.Count} epochs on {Names(Members)}.", now, Summarise(now));
    }

    private Result Summarise(DateTimeOffset now)
    {
        var last = Row.Epochs[^1];
        return new Result
        {
            WeightsPath = Members[0].Finished!.WeightsPath,
            WeightsSha256 = Members[0].Finished!.WeightsSha256,
            Loss = last.Loss,
            TrainAccuracy = last.TrainAccuracy,
            TestAccuracy = last.TestAccuracy,
            BestTestAccuracy = Row.Epochs.Max(epoch => epoch.TestAccuracy),
            ImagesPerSecond = Median([.. Row.Epochs.Select(epoch => epoch.ImagesPerSecond).Order()]),
            Seconds = (now - Row.Created).TotalSeconds,
            Input = { Members[0].Finished!.Input },
            Classes = Members[0].Finished!.Classes,
        };
    }

    // The most common hash without names, the others with: they differ.
    private string Hashes()
    {
        var groups = Members.GroupBy(member => member.Finished!.WeightsHash).OrderByDescending(group => group.Count()).ThenBy(group => group.Min(m => m.Rank));
        return string.Join("; ", groups.Select(group => $"{Names(group)} {(group.Count() == 1 ? "has" : "have")} {group.Key}"));
    }

    private JobMember Member(WorkerReport report) => Members.Find(member => member.Name == report.Worker)!;

    private JobMachine With(JobMember member) => this with { Members = Members.SetItem(member.Rank, member) };

    private ulong StepNow => Row.Progress?.Step ?? 0;

    private static double Median(IReadOnlyList<double> ascending) =>
        (ascending[(ascending.Count - 1) / 2] + ascending[ascending.Count / 2]) / 2;

    private static int Compare(Generation? left, Generation right)
    {
        var (term, number) = (left?.Term ?? 0, left?.Number ?? 0);
        return term != right.Term ? term.CompareTo(right.Term) : number.CompareTo(right.Number);
    }
}
