using System.Diagnostics;
using System.Text;

namespace Trainer.Cluster.Tests.Processes;

/// <summary>What one run of the executable printed and how it ended.</summary>
public sealed record Outcome(int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> Lines { get; } = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"exit code {ExitCode}\n--- stdout\n{Output}\n--- stderr\n{Error}";
}

/// <summary>Runs the `trainer` of the Release build as a user's shell would.</summary>
public static class TrainerProcess
{
    public static string Executable { get; } = Path.Combine(Repository.Root, "src/Trainer.Cli/bin/Release/net10.0/publish/trainer");

    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) => Start(Executable, environment, arguments);

    /// <summary>In a network of its own, which `ip` enters before it becomes the program.</summary>
    public static Process StartIn(string network, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Start("ip", environment, ["netns", "exec", network, Executable, .. arguments]);

    /// <summary>Of another program than this release's.</summary>
    public static Process StartOf(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments) => Start(program, environment, arguments);

    private static Process Start(string program, IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }

    /// <summary>Runs to the end; kills and fails after <paramref name="timeout"/>.</summary>
    public static Task<Outcome> RunAsync(IReadOnlyDictionary<string, string> environment, TimeSpan timeout, params string[] arguments) =>
        RunAsync(Start(environment, arguments), timeout, arguments);

    /// <summary>As a process of a group whose memory is limited, and so are those that it starts.</summary>
    internal static Task<Outcome> RunInAsync(MemoryGroup group, IReadOnlyDictionary<string, string> environment, TimeSpan timeout, params string[] arguments)
    {
        var (program, all) = group.Command([Executable, .. arguments]);
        return RunAsync(Start(program, environment, all), timeout, arguments);
    }

    private static async Task<Outcome> RunAsync(Process started, TimeSpan timeout, string[] arguments)
    {
        using var process = started;
        process.StandardInput.Close();
        var (output, error) = (new StringBuilder(), new StringBuilder());
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"trainer {string.Join(' ', arguments)} ran longer than {timeout}.\n{output}\n{error}", e);
        }

        return new Outcome(process.ExitCode, output.ToString(), error.ToString());
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.Append(line).Append('\n');
            }
        }
    }
}
