using System.Collections.Immutable;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>What of a job a condition is about.</summary>
public enum JobField
{
    State,
    Name,
    Creator,
    Label,
    CreateTime,
}

public enum JobComparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>A condition on a job: <c>labels.team != vision</c>.</summary>
/// <param name="Key">Of the label.</param>
/// <param name="Value">Text, or the number of a state, or milliseconds since 1970.</param>
public sealed record JobCondition(JobField Field, string Key, JobComparison Comparison, object Value)
{
    public bool Holds(Job job)
    {
        var compared = Field switch
        {
            JobField.State => ((long)job.State).CompareTo((long)Value),
            JobField.Name => string.CompareOrdinal(job.Spec?.Name ?? "", (string)Value),
            JobField.Creator => string.CompareOrdinal(job.Creator, (string)Value),
            JobField.Label => string.CompareOrdinal(job.Labels.TryGetValue(Key, out var label) ? label : "", (string)Value),
            _ => job.CreateTime.ToDateTimeOffset().ToUnixTimeMilliseconds().CompareTo((long)Value),
        };
        return Comparison switch
        {
            JobComparison.Equal => compared == 0,
            JobComparison.NotEqual => compared != 0,
            JobComparison.Less => compared < 0,
            JobComparison.LessOrEqual => compared <= 0,
            JobComparison.Greater => compared > 0,
            _ => compared >= 0,
        };
    }
}

/// <summary>Conditions that all hold; none: every job.</summary>
public sealed record JobFilter(ImmutableArray<JobCondition> Conditions)
{
    public static JobFilter All { get; } = new([]);

    public bool Holds(Job job) => Conditions.All(condition => condition.Holds(job));
}

/// <summary>By what a list is ordered; among equals the id decides, in the same direction.</summary>
public enum JobOrderField
{
    CreateTime,
    Name,
    State,
}

public readonly record struct JobOrder(JobOrderField Field, bool Descending)
{
    public static JobOrder NewestFirst { get; } = new(JobOrderField.CreateTime, Descending: true);

    /// <summary>What a job is ordered by: a number, or text.</summary>
    public object Of(JobRow row) => Field switch
    {
        JobOrderField.CreateTime => row.Created.ToUnixTimeMilliseconds(),
        JobOrderField.Name => row.Spec.Name,
        _ => (long)row.State,
    };
}

/// <summary>Where a list goes on: after the job that has this in the field that it is ordered by, and this id.</summary>
public sealed record JobCursor(object Value, string Id);

/// <summary>Which jobs, in which order.</summary>
public sealed record JobQuery
{
    /// <summary>Empty: all.</summary>
    public IReadOnlyCollection<JobState> States { get; init; } = [];

    public JobFilter Filter { get; init; } = JobFilter.All;

    public JobOrder Order { get; init; } = JobOrder.NewestFirst;

    /// <summary>Null: from the beginning.</summary>
    public JobCursor? After { get; init; }

    public required int Limit { get; init; }
}
