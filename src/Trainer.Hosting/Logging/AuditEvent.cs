namespace Trainer.Hosting.Logging;

/// <summary>Somebody changed something, or tried to: who, what, and what came of it. A line of the log, which has each field of its own where it is JSON.</summary>
/// <param name="Token">Its id; empty: the cluster's own, or none.</param>
/// <param name="Subject">The job, worker or token; empty: none is known.</param>
public sealed record AuditEvent(string User, string Role, string Token, string Client, string Call, string Subject, string Result)
{
    public const string Category = "Trainer.Audit";

    /// <summary>Whose trace the line belongs to; null: no job's.</summary>
    public string? Job { get; init; }

    public IEnumerable<KeyValuePair<string, string>> Fields =>
    [
        new("user", User), new("role", Role), new("token", Token), new("client", Client), new("call", Call), new("subject", Subject), new("result", Result),
    ];

    public override string ToString() => string.Join(' ', Fields.Select(field => $"{field.Key}={(field.Value.Length > 0 ? field.Value : "-")}"));
}
