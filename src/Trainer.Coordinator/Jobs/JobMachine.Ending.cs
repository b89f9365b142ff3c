using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Jobs;

/// <summary>All members hold the state after the last item: one of them writes the result, whichever can.</summary>
public sealed partial record JobMachine
{
    private static readonly TimeSpan WriteAgain = TimeSpan.FromSeconds(10);

    // What verified others has a verdict and no result.
    private JobMachine BeginEnding() => Row.Verification is { } verified
        ? (this with { Row = Row with { Progress = AtTheEnd() } }).End(JobState.Succeeded, "Verified", Confirm(verified))
        : this with { Phase = new Ending(Row.Committed, Uptime) };

    private static string Confirm(Verification verified)
    {
        var unrecorded = Unrecorded(verified);
        var gaps = unrecorded == 0 ? "" : $" {unrecorded} have none; the next hash, which covers all before it, stands for them.";
        return $"Steps {verified.FirstStep} to {verified.LastStep} of job {verified.Job} were computed again: all {Recorded(verified)} hashes on record are equal.{gaps}";
    }

    private static ulong Recorded(Verification verified) => verified.LastItem - verified.FirstItem + 1 - Unrecorded(verified);

    private static ulong Unrecorded(Verification verified) => verified.Unrecorded.Aggregate(0UL, (sum, range) => sum + range.Last - range.First + 1);

    private JobMachine Complete(Ending phase)
    {
        var holders = Team.Where(worker => IsIn(worker, WorkerPhase.Finished)).ToList();
        if (phase.Saved is { } saved)
        {
            return (ulong)Row.Epochs.Count >= EpochsOf(phase.State) || holders.Count == 0
                ? End(JobState.Succeeded, IsEarly(phase.State) ? "StoppedEarly" : "Completed", $"{Trained(phase.State)} on {Generations.Names(Members.Select(member => member.Worker))}.", saved)
                : this;
        }

        if (holders.Count == 0)
        {
            return BeginFence("All workers were lost before the result was written.", Now);
        }

        if (Uptime < phase.Since)
        {
            return this;
        }

        var living = holders.Where(worker => Uptime - worker.LastSign < Settings.Silence && !(Uptime - worker.SuspectedSince >= Settings.SuspicionTimeout)).ToList();
        if (living.Count == 0)
        {
            return holders.TrueForAll(worker => Uptime - worker.LastSign >= Settings.FenceLinked) ? BeginFence("No worker that holds the result answers.", Now) : this;
        }

        return NextWriter(phase.Saving, living) is { } saving
            ? (this with { Phase = phase with { Saving = saving } }).SayThatItIsSlow(saving)
            : SayInRow($"The result could not be written: {phase.Saving!.Problem} It is tried again.") with { Phase = phase with { Saving = null, Since = Uptime + WriteAgain } };
    }

    private JobMachine SayThatItIsSlow(Saving saving) => Uptime - saving.Since < Settings.SlowResult ? this
        : SayInRow($"Worker {saving.Worker} has been writing the result for more than {Settings.SlowResult.TotalSeconds:0} s: the store is slow, or hangs. Nothing is lost.");

    private JobMachine End(JobState state, string reason, string message, Saved saved) =>
        (this with { Row = Row with { Result = Summarise(saved), Progress = AtTheEnd() } }).End(state, reason, message);

    // Releases before 0.2 did not say it: their items are steps and what closes epochs, and nothing else.
    private ulong EpochsOf(StateId end) => end.Epochs > 0 || Row.Spec.Training is { EvaluateEverySteps: > 0 } or { Averaging.Swa: not null } ? end.Epochs : end.Item - end.Step;

    private bool IsEarly(StateId end) => EpochsOf(end) < Row.Spec.Training.Epochs;

    private string Trained(StateId end) => IsEarly(end) && Row.Spec.Training.EarlyStopping is { } stopping
        ? $"Stopped early, since {stopping.Metric} has not become better for {(stopping.Patience == 1 ? "one evaluated epoch" : $"{stopping.Patience} evaluated epochs")}: trained {EpochsOf(end)} of {Row.Spec.Training.Epochs} epochs"
        : EpochsOf(end) == 1 ? "Trained one epoch" : $"Trained {EpochsOf(end)} epochs";

    // The last steps, or all, may have been committed while nobody here heard of them.
    private Progress AtTheEnd()
    {
        var progress = Row.Progress?.Clone() ?? new Progress { TotalSteps = Row.Committed.Step, TotalEpochs = Row.Spec.Training.Epochs };
        (progress.Step, progress.Epoch, progress.EtaSeconds) = (Row.Committed.Step, (uint)EpochsOf(Row.Committed), 0);
        return progress;
    }

    // Where all died once the result was written, nobody may have told of the epochs.
    private Result Summarise(Saved saved)
    {
        var last = Row.Epochs.LastOrDefault() ?? new EpochSummary();
        return new Result
        {
            WeightsPath = saved.WeightsPath,
            WeightsSha256 = saved.WeightsSha256,
            Loss = last.Loss,
            TrainAccuracy = last.TrainAccuracy,
            TestAccuracy = last.TestAccuracy,
            BestTestAccuracy = Row.Epochs.Select(epoch => epoch.TestAccuracy).DefaultIfEmpty().Max(),
            ImagesPerSecond = Median([.. Row.Epochs.Select(epoch => epoch.ImagesPerSecond).Where(rate => rate > 0).DefaultIfEmpty().Order()]), // Epochs of the job that it goes on from were not measured here.
            Seconds = (Now - Row.Created).TotalSeconds,
            Input = { saved.Input },
            Classes = saved.Classes,
        };
    }

    private static double Median(IReadOnlyList<double> ascending) =>
        (ascending[(ascending.Count - 1) / 2] + ascending[ascending.Count / 2]) / 2;
}
