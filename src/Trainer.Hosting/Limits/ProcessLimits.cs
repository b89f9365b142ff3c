using System.Globalization;

namespace Trainer.Hosting.Limits;

/// <summary>How much a process takes from others: of each <see cref="Limit"/> what was asked for, else what is usual.</summary>
public sealed class ProcessLimits
{
    private const long Many = 1_000_000;
    private const long MostBytes = 1L << 50;

    private readonly IReadOnlyDictionary<Limit, long> _given;

    private ProcessLimits(IReadOnlyDictionary<Limit, long> given) => _given = given;

    public static Limit Hellos { get; } = new("hellos", "connections to a worker's link port that have not said Hello", 64, 1, Many);

    public static Limit HelloSeconds { get; } = new("hello-seconds", "seconds until a connection to a link port has said Hello", 5, 1, 3600);

    public static Limit WaitingLinks { get; } = new("waiting-links", "links that wait for the order which tells what they are for", 256, 1, Many);

    public static Limit Validations { get; } = new("validations", "jobs that are checked at a time", 2, 1, 1024);

    public static Limit WaitingValidations { get; } = new("waiting-validations", "jobs that wait to be checked", 256, 1, Many);

    public static Limit MessageBytes { get; } = new("message-bytes", "bytes of a request", 4 << 20, 1024, 1 << 30);

    public static Limit Connections { get; } = new("connections", "connections to each of a coordinator's two ports, and to a node's for HTTP, but no more than a quarter of the files that it may open beyond 512", 1000, 8, Many);

    public static Limit TokenSeconds { get; } = new("token-seconds", "seconds until a connection to them has shown a valid token", 10, 1, 3600);

    public static Limit CallsPerSecond { get; } = new("calls-per-second", "calls of a client in a second, and twice as many at once", 500, 1, Many);

    public static Limit Streams { get; } = new("streams", "streams that a client has open", 256, 1, Many);

    public static Limit DataSetBytes { get; } = new("data-set-bytes", "bytes of a data set that is pushed", 64L << 30, 1024, MostBytes);

    public static Limit PushedBytes { get; } = new("pushed-bytes", "bytes of all data sets that were pushed", 256L << 30, 1024, MostBytes);

    public static Limit DataCacheBytes { get; } = new("data-cache-bytes", "bytes of pushed data sets that a machine keeps", 256L << 30, 1024, MostBytes);

    public static Limit InspectionBytes { get; } = new("inspection-bytes", "bytes of memory of the process that makes pictures of a job's network and data", 2L << 30, 256 << 20, MostBytes);

    /// <summary>What a coordinator takes.</summary>
    public static IReadOnlyList<Limit> OfCoordinators { get; } = [MessageBytes, Connections, TokenSeconds, CallsPerSecond, Streams, Validations, WaitingValidations, DataSetBytes, PushedBytes, InspectionBytes];

    /// <summary>What a node takes.</summary>
    public static IReadOnlyList<Limit> OfNodes { get; } = [Hellos, HelloSeconds, WaitingLinks, DataCacheBytes, Connections, TokenSeconds];

    public static ProcessLimits Usual { get; } = new(new Dictionary<Limit, long>());

    public long this[Limit limit] => _given.GetValueOrDefault(limit, limit.Usual);

    public int Count(Limit limit) => (int)this[limit];

    public TimeSpan Seconds(Limit limit) => TimeSpan.FromSeconds(this[limit]);

    /// <param name="given">NAME=N, each.</param>
    /// <param name="known">The limits that the process has.</param>
    /// <exception cref="FormatException">One is not known, or not within its bounds.</exception>
    public static ProcessLimits Parse(IEnumerable<string> given, IReadOnlyList<Limit> known)
    {
        var values = new Dictionary<Limit, long>();
        foreach (var text in given)
        {
            var parts = text.Split('=', 2);
            var limit = known.FirstOrDefault(one => one.Name == parts[0])
                ?? throw new FormatException($"there is no limit '{parts[0]}' here; there are {string.Join(", ", known.Select(one => one.Name))}");
            values[limit] = parts.Length == 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= limit.Least && value <= limit.Most
                ? value
                : throw new FormatException($"{limit.Name} is a number from {limit.Least} to {limit.Most} ({limit.What}), got '{(parts.Length == 2 ? parts[1] : "")}'");
        }

        return new ProcessLimits(values);
    }
}
