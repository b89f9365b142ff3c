using Trainer.Coordinator.Store;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Traces;
using Trainer.Protos;

namespace Trainer.Coordinator.Jobs;

/// <summary>A job's trace, as its entity sees the job: tells each span when what it is about is over. Looks at what <see cref="JobMachine"/> was and became, and asks it nothing.</summary>
/// <remarks>What another entity of the job had begun, this one tells as well as the row lets it: ids of spans follow from the job (<see cref="TraceIds"/>), and times are in the row's transitions and journal.</remarks>
internal sealed class JobTracer(string id)
{
    private string _told = ""; // The generation that was told last; those before it are not asked for.
    private DateTimeOffset? _since;
    private DateTimeOffset? _changing;

    /// <summary>After each decision, once it has been carried out.</summary>
    public void Decided(JobMachine before, JobMachine next, DateTimeOffset now)
    {
        if (!Spans.AreOn)
        {
            return;
        }

        TellStates(before.Row, next.Row);
        TellGenerations(before, next, now);
        TellActivity(before, next, now);
        if (next.Row.HasEnded && !before.Row.HasEnded)
        {
            TellJob(next.Row);
        }
    }

    private void TellJob(JobRow row)
    {
        var last = row.Transitions[^1];
        Tell(new Span(SpanCatalog.Job, row.Created, row.Ended ?? last.Time.ToDateTimeOffset())
        {
            Id = TraceIds.Root(id),
            Attributes =
            [
                new(SpanCatalog.JobName, row.Spec.Name), new(SpanCatalog.User, Some(row.Creator)), new(SpanCatalog.State, ControlMetrics.StateLabel(row.State)),
                new(SpanCatalog.Reason, last.Reason), new(SpanCatalog.Message, last.Message),
            ],
            Error = row.State == JobState.Failed ? last.Message : null,
        });
    }

    // A state is over with the transition to the next one.
    private void TellStates(JobRow before, JobRow next)
    {
        for (var i = Math.Max(1, before.Transitions.Count); i < next.Transitions.Count; i++)
        {
            var (state, end) = (next.Transitions[i - 1], next.Transitions[i]);
            TellBelowJob(new Span(ControlMetrics.StateLabel(state.State), state.Time.ToDateTimeOffset(), end.Time.ToDateTimeOffset())
            {
                Attributes = [new(SpanCatalog.Reason, state.Reason), new(SpanCatalog.Message, state.Message), new(SpanCatalog.User, Some(state.AskedBy))],
            });
        }
    }

    // ---------- what the entity is at

    private void TellActivity(JobMachine before, JobMachine next, DateTimeOffset now)
    {
        _since ??= now;
        var (was, becomes) = (ActivityOf(before), ActivityOf(next));
        if (was == becomes)
        {
            return;
        }

        if (was.Name is { } name)
        {
            var isOfBefore = name is SpanCatalog.Start or SpanCatalog.FirstCommit;
            var isNewGeneration = Text(before) != Text(next);
            TellBelow(isOfBefore ? Text(before) : isNewGeneration ? Text(next) : "", new Span(name, _since.Value, now)
            {
                Attributes = [new(SpanCatalog.Detail, Some(was.Detail))],
                Error = isOfBefore ? Cause(next) : null,
            });
        }

        _since = now;
    }

    private static (string? Name, string Of, string Detail) ActivityOf(JobMachine machine) => machine.Phase switch
    {
        Asking => (SpanCatalog.AskWorkers, "", ""),
        Starting => (SpanCatalog.GatherWorkers, "", ""),
        Holding holding => (SpanCatalog.Hold, "", holding.Message),
        Fencing fencing => (SpanCatalog.Fence, $"{fencing.Number}", fencing.Cause),
        Running { IsEstablished: false } => (SpanCatalog.Start, Text(machine), ""),
        Running when machine.Row.Journal.LastOrDefault() is { FirstCommitTime: null } => (SpanCatalog.FirstCommit, Text(machine), ""),
        Ending => (SpanCatalog.WriteResult, "", ""),
        _ => (null, "", ""),
    };

    private static string Text(JobMachine machine) => machine.Row.Generation.Text();

    // ---------- changes of generation

    private void TellGenerations(JobMachine before, JobMachine next, DateTimeOffset now)
    {
        var open = before.Row.Journal.LastOrDefault() is { FirstCommitTime: null } last && last.Generation != _told ? last : null;
        var committed = next.Row.Journal.FindLast(entry => entry.Generation == open?.Generation)?.FirstCommitTime;
        if (open is not null && committed is not null)
        {
            TellGeneration(open, before.Row, committed.ToDateTimeOffset(), error: null);
            _changing = before.Phase is Holding ? _since : null; // A hold that began before its first commit began the next change.
        }
        else if (open is not null && (Cause(next) is not null || next.Row.Journal[^1].Generation != open.Generation))
        {
            TellGeneration(open, before.Row, now, before.Phase is Holding && next.Phase is not Fencing ? null : Cause(next));
            _changing = before.Phase is Holding ? _since : null;
        }

        _changing = next.Phase switch
        {
            Fencing fencing => _changing ?? fencing.FaultTime ?? now,
            Holding when open is null || committed is not null => _changing ?? now,
            Starting => _changing ?? now,
            Waiting or Ended => null,
            _ => _changing,
        };
    }

    /// <summary>Why a generation that has committed nothing never will; null: it still may.</summary>
    private static string? Cause(JobMachine next) => next.Phase switch
    {
        Fencing fencing => fencing.Cause,
        Starting or Waiting or Ended => next.Row.Message,
        _ => null,
    };

    private void TellGeneration(JournalEntry entry, JobRow row, DateTimeOffset end, string? error)
    {
        _told = entry.Generation;
        var begin = _changing ?? entry.FaultTime?.ToDateTimeOffset() ?? row.Transitions[^1].Time.ToDateTimeOffset();
        TellBelowJob(new Span(SpanCatalog.Generation, begin, end)
        {
            Id = TraceIds.OfGeneration(id, entry.Generation),
            Attributes =
            [
                new(SpanCatalog.Number, entry.Generation), new(SpanCatalog.Cause, entry.Reason), new(SpanCatalog.Detail, Some(entry.Detail)),
                new(SpanCatalog.Members, entry.Members.Select(member => member.Worker).ToArray()), new(SpanCatalog.Lost, entry.Lost.Count > 0 ? entry.Lost.ToArray() : null),
                new(SpanCatalog.FromStep, (long)entry.FromStep), new(SpanCatalog.StepsRedone, (long)entry.StepsRedone),
            ],
            Error = error,
        });
    }

    // ---------- where spans go

    private void TellBelow(string generation, Span span) => Tell(span with { Parent = generation.Length > 0 ? TraceIds.OfGeneration(id, generation) : TraceIds.Root(id) });

    private void TellBelowJob(Span span) => Tell(span with { Parent = TraceIds.Root(id) });

    private void Tell(Span span) => Spans.Tell(id, span with { Attributes = [new(SpanCatalog.JobId, id), .. span.Attributes] });

    private static string? Some(string text) => text.Length > 0 ? text : null;
}
