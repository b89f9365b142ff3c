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
    private readonly Dictionary<string, (Coverage Coverage, List<byte[]> Inputs, long Runs, HashSet<string> Faults)> _state = [];
    private volatile string _running = "";
    private long _since = Stopwatch.GetTimestamp();

    /// <returns>How many different faults there were.</returns>
    public int Run(TimeSpan length)
    {
        using var watch = new Timer(_ => LookForHang(), null, Hang, TimeSpan.FromSeconds(1));
        var start = Stopwatch.StartNew();
        foreach (var target in targets)
        {
            _state[target.Name] = (new Coverage(), [], 0, []);
            foreach (var input in target.Seeds.Concat(Corpus.Load(corpus, target.Name)))
            {
                Feed(target, input);
            }
        }

        while (start.Elapsed < length)
        {
            foreach (var target in targets)
            {
                var mutator = new Mutator(_random);
                for (var turn = Stopwatch.StartNew(); turn.Elapsed < Turn && start.Elapsed < length;)
                {
                    var inputs = _state[target.Name].Inputs;
                    Feed(target, mutator.Change(inputs[_random.Next(inputs.Count)], inputs[_random.Next(inputs.Count)]));
                }
            }
        }

        foreach (var target in targets)
        {
            var (coverage, inputs, runs, faults) = _state[target.Name];
            var kept = Fewest(target, inputs);
            Corpus.Save(corpus, target.Name, kept);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{target.Name,-12} {runs,10} inputs, {coverage.Edges,6} edges, {kept.Count,5} of {inputs.Count} kept, {faults.Count} faults"));
        }

        return _state.Values.Sum(state => state.Faults.Count);
    }

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

    private void Feed(Target target, byte[] input)
    {
        var state = _state[target.Name];
        Volatile.Write(ref _since, Stopwatch.GetTimestamp());
        (_current, _running) = (input, target.Name);
        Coverage.Begin();
        var fault = target.Try(input);
        var isNew = state.Coverage.End();
        _running = "";
        if (isNew || state.Inputs.Count == 0)
        {
            state.Inputs.Add(input);
        }

        if (fault is not null && state.Faults.Add(Place(fault)))
        {
            Console.WriteLine($"{target.Name}: {Save(Path.Combine(findings, target.Name), input)}\n{fault}");
        }

        _state[target.Name] = state with { Runs = state.Runs + 1 };
    }

    private byte[] _current = [];

    // One fault in one place is one finding, whatever input finds it.
    private static string Place(string fault) => string.Join('\n', fault.Split('\n').Where(line => line.TrimStart().StartsWith("at ", StringComparison.Ordinal)).Take(3)) is { Length: > 0 } place
        ? place
        : fault.Split(' ')[0];

    private static string Save(string folder, byte[] input)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..16]);
        File.WriteAllBytes(path, input);
        return path;
    }

    private void LookForHang()
    {
        if (_running is { Length: > 0 } target && Stopwatch.GetElapsedTime(Volatile.Read(ref _since)) > Hang)
        {
            Console.WriteLine($"{target} hangs on {Save(Path.Combine(findings, target), _current)}");
            Environment.Exit(3);
        }
    }
}
