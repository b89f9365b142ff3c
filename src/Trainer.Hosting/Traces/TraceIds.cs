using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Trainer.Hosting.Traces;

/// <summary>
/// The ids of a job's trace and of the spans that have others below them: functions of the job's id. So every process knows them without a word, and whoever takes a job over goes on with its trace.
/// </summary>
/// <remarks>Cut from SHA-256, which gives none of the ids that W3C's Trace Context forbids (all zeros) but with probability 2^-64.</remarks>
public static class TraceIds
{
    /// <summary>Stands for a trace's id in the address where it is shown.</summary>
    public const string Place = "{trace_id}";

    public static ActivityTraceId OfJob(string job) => ActivityTraceId.CreateFromBytes(Hash("trace", job).AsSpan(0, 16));

    /// <summary>Of the span "job".</summary>
    public static ActivitySpanId Root(string job) => ActivitySpanId.CreateFromBytes(Hash("root", job).AsSpan(0, 8));

    /// <summary>Of the span "generation".</summary>
    /// <param name="generation">TERM.NUMBER</param>
    public static ActivitySpanId OfGeneration(string job, string generation) => ActivitySpanId.CreateFromBytes(Hash("generation", $"{job} {generation}").AsSpan(0, 8));

    /// <summary>As Trace Context names it in lines of a log, of a job's root: trace id, span id.</summary>
    public static (string Trace, string Span) OfLines(string job) => (OfJob(job).ToHexString(), Root(job).ToHexString());

    private static byte[] Hash(string what, string of) => SHA256.HashData(Encoding.UTF8.GetBytes($"trainer {what} {of}"));
}
