namespace Trainer.Protos;

/// <summary>Something in a job that does not satisfy job.proto's rules.</summary>
/// <param name="Path"><c>training.optimizer.sgd.lr</c></param>
/// <param name="Problem"><c>must be greater than 0, got -1</c></param>
public sealed record FieldViolation(string Path, string Problem);

/// <summary>Applies the rules that job.proto gives its fields. What needs shapes or data is not known here.</summary>
public static class JobRules
{
    /// <summary>All violations, in the order of the fields; none: the job is well-formed.</summary>
    public static IReadOnlyList<FieldViolation> Validate(JobSpec spec) => Validate(spec, _ => false);

    /// <summary>A copy in which every absent field that has a default holds it.</summary>
    public static JobSpec WithDefaults(JobSpec spec)
    {
        var filled = spec.Clone();
        JobDefaults.Fill(filled);
        return filled;
    }

    /// <param name="given">Was this path written, be it as 0 or ""? proto3 forgets that.</param>
    internal static IReadOnlyList<FieldViolation> Validate(JobSpec spec, Func<string, bool> given)
    {
        FieldViolation[] beyond = [.. ModelLimits.Check(spec.Model)];
        if (beyond.Length > 0)
        {
            return beyond;
        }

        var violations = FieldRules.Check(spec, given);
        return violations.Count > 0 ? violations : [.. JobRelations.Check(WithDefaults(spec))];
    }
}
