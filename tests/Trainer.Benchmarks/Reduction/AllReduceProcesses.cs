using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Trainer.Benchmarks.Reduction;

/// <summary>The members' processes: tells each where the others listen, and gathers what they measured. When one fails, or the time is up, it ends the others.</summary>
/// <remarks>
/// <code>
///   member: "listens ENDPOINT" -> all members: the endpoints, by rank -> member: "measured JSON" -> end of its input: it ends
/// </code>
/// A member whose input ends earlier ends too, so none outlives this process.
/// </remarks>
internal sealed class AllReduceProcesses : IDisposable
{
    public const string Listens = "listens ";
    public const string Measured = "measured ";

    private static readonly TimeSpan StartAndEnd = TimeSpan.FromSeconds(60);

    private readonly AllReduceOptions _options;
    private readonly Process[] _members;
    private readonly Thread[] _listeners;
    private readonly BlockingCollection<(int Rank, string? Line)> _said = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    public AllReduceProcesses(AllReduceOptions options, int elements)
    {
        _options = options;
        _members = [.. Enumerable.Range(0, options.Workers).Select(rank => Start(options.ArgumentsOf(rank, elements)))];
        _listeners = [.. _members.Select((member, rank) => new Thread(() => Listen(rank, member.StandardOutput)) { IsBackground = true })];
        Array.ForEach(_listeners, listener => listener.Start());
    }

    /// <returns>Null: a member failed, which has said why.</returns>
    public AllReduceFigures? Run()
    {
        if (Gather(Listens) is not { } endpoints)
        {
            return null;
        }

        Array.ForEach(_members, member => member.StandardInput.WriteLine(string.Join(' ', endpoints)));
        return Gather(Measured) is { } measured
            ? AllReduceFigures.OfAll([.. measured.Select(json => JsonSerializer.Deserialize<AllReduceFigures>(json)!)])
            : null;
    }

    public void Dispose()
    {
        foreach (var member in _members)
        {
            member.StandardInput.Close();
            if (!member.WaitForExit(TimeSpan.FromSeconds(10)))
            {
                member.Kill();
                member.WaitForExit();
            }

        }

        Array.ForEach(_listeners, listener => listener.Join());
        Array.ForEach(_members, member => member.Dispose());
        _said.Dispose();
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        // Under `dotnet X.dll` the program is dotnet's first argument.
        IEnumerable<string> assembly = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(AllReduceProcesses).Assembly.Location] : [];
        return Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. assembly, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
    }

    private void Listen(int rank, StreamReader output)
    {
        string? line;
        do
        {
            line = output.ReadLine();
            _said.Add((rank, line));
        }
        while (line is not null);
    }

    /// <summary>A word of every member, by rank.</summary>
    private string[]? Gather(string word)
    {
        var words = new string?[_members.Length];
        while (words.Contains(null))
        {
            var left = StartAndEnd + TimeSpan.FromSeconds(3 * _options.Seconds) - Stopwatch.GetElapsedTime(_started);
            if (left <= TimeSpan.Zero || !_said.TryTake(out var said, left))
            {
                Console.Error.WriteLine($"No word '{word}' from members {string.Join(", ", Enumerable.Range(0, words.Length).Where(rank => words[rank] is null))} in time.");
                return null;
            }

            if (said.Line is null)
            {
                Console.Error.WriteLine($"Member {said.Rank} ended before it said '{word}'.");
                return null;
            }

            words[said.Rank] = said.Line.StartsWith(word, StringComparison.Ordinal) ? said.Line[word.Length..] : words[said.Rank];
        }

        return words!;
    }
}
