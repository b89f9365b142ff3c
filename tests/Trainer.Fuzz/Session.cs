using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Trainer.Fuzz;

/// <summary>Feeds targets with inputs that grow out of those which took a new way through the code.</summary>
/// <param name="corpus">The folder of what has been worth keeping, and stays for the next time (<see cref="Corpus"/>).</param>
/// <param name="findings">For inputs that a target failed on.</param>
public sealed class Session(IReadOnlyList<Target> targets, string corpus, string findings, int seed)
{
    /// <summary>A target has the word for so long, then the next one.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(5);

    /// <summary>Nobody can end a thread that hangs: the process ends, and leaves what it hung on.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(seed);
    private readonly List<Course> _courses = [.. targets.Select(target => new Course(target))];
    private volatile Try? _running;

    /// <returns>How many different faults there were.</returns>
    public int Run(TimeSpan length)
    {
        using var watch = new Timer(_ => LookForHang(), null, Hang, TimeSpan.FromSeconds(1));
        var start = Stopwatch.StartNew();
        foreach (var course in _courses)
        {
            foreach (var input in course.Target.Seeds.Concat(Corpus.Load(corpus, course.Target.Name)))
            {
                Feed(course, input);
            }
        }

        while (start.Elapsed < length)
        {
            foreach (var course in _courses)
            {
                var mutator = new Mutator(_random);
                for (var turn = Stopwatch.StartNew(); turn.Elapsed < Turn && start.Elapsed < length;)
                {
                    Feed(course, mutator.Change(Any(course.Inputs), Any(course.Inputs)));
                }
            }
        }

        foreach (var course in _courses)
        {
            var kept = Fewest(course.Target, course.Inputs);
            Corpus.Save(corpus, course.Target.Name, kept);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{course.Target.Name,-12} {course.Runs,10} inputs, {course.Coverage.Edges,6} edges, {kept.Count,5} of {course.Inputs.Count} kept, {course.Faults.Count} faults"));
        }

        return _courses.Sum(course => course.Faults.Count);
    }

    private byte[] Any(List<byte[]> inputs) => inputs[_random.Next(inputs.Count)];

    // The shortest first, each that has an edge of its own.
    private static List<byte[]> Fewest(Target target, IEnumerable<byte[]> inputs)
    {
        var (edges, kept) = (new Coverage(), new List<byte[]>());
        foreach (var input in inputs.OrderBy(input => input.Length))
        {
            Coverage.Begin();
            if (target.Try(input) is null & edges.End(counts: false))
            {
                kept.Add(input);
            }
        }

        return kept;
    }

    private void Feed(Course course, byte[] input)
    {
        _running = new Try(course.Target, input, Stopwatch.GetTimestamp());
        Coverage.Begin();
        var fault = course.Target.Try(input, alone: true);
        var isNew = course.Coverage.End();
        _running = null;
        course.Runs++;
        if (isNew || course.Inputs.Count == 0)
        {
            course.Inputs.Add(input);
        }

        if (fault is not null && course.Faults.Add(Place(fault)))
        {
            Console.WriteLine($"{course.Target.Name}: {Save(course.Target, input)}\n{fault}");
        }
    }

    // One fault in one place is one finding, whatever input finds it.
    private static string Place(string fault) => string.Join('\n', fault.Split('\n').Where(line => line.TrimStart().StartsWith("at ", StringComparison.Ordinal)).Take(3)) is { Length: > 0 } place
        ? place
        : fault.Split(' ')[0];

    private string Save(Target target, byte[] input)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(findings, target.Name)).FullName, Convert.ToHexStringLower(SHA256.HashData(input))[..16]);
        File.WriteAllBytes(path, input);
        return path;
    }

    private void LookForHang()
    {
        if (_running is { } running && Stopwatch.GetElapsedTime(running.Since) > Hang)
        {
            Console.WriteLine($"{running.Target.Name} hangs on {Save(running.Target, running.Input)}");
            foreach (var course in _courses.Where(course => course.Inputs.Count > 0))
            {
                Corpus.Save(corpus, course.Target.Name, course.Inputs); // More than it takes: the next time leaves out what tells nothing.
            }

            Environment.Exit(3);
        }
    }

    private sealed record Try(Target Target, byte[] Input, long Since);

    /// <summary>How far it has come with a target.</summary>
    private sealed class Course(Target target)
    {
        public Target Target => target;

        public Coverage Coverage { get; } = new();

        /// <summary>Each took a way that none before it took.</summary>
        public List<byte[]> Inputs { get; } = [];

        /// <summary>By their places.</summary>
        public HashSet<string> Faults { get; } = [];

        public long Runs { get; set; }
    }
}
