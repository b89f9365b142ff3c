using System.Diagnostics;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>trainer completion, in the shells that are installed.</summary>
public sealed class CompletionTests : IDisposable
{
    /// <summary>Completes a command line as readline does, and prints what may follow, one word a line.</summary>
    private const string Harness = """
        set -eu
        source "$1"
        COMP_LINE=$2 COMP_POINT=${#2}
        read -ra COMP_WORDS <<<"$2"
        if [[ $2 == *' ' ]]; then COMP_WORDS+=(''); fi
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_WORDS[0]=$3
        complete -p trainer >/dev/null
        _trainer || true # nothing may follow
        if ((${#COMPREPLY[@]})); then printf '%s\n' "${COMPREPLY[@]}"; fi
        """;

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("trainer sub", "submit")]
    [InlineData("trainer submit job.yaml --fol", "--follow")]
    [InlineData("trainer model ", "describe")]
    [InlineData("./trainer completion f", "fish")]
    [InlineData("trainer jobs --state su", "succeeded suspended suspending")]
    [InlineData("trainer model describe resnet1", "resnet18")]
    [InlineData("trainer submit exam", "")] // then bash completes file names
    public async Task Bash_completes_commands_options_and_values(string typed, string words)
    {
        await File.WriteAllTextAsync(_home["completion.bash"], (await CommandRun.InAsync(_home.Path, "completion", "bash")).Output);

        var completed = await RunAsync("bash", "-c", Harness, "bash", _home["completion.bash"], typed, Path.Combine(AppContext.BaseDirectory, "trainer"));

        Assert.Equal(words.Split(' ', StringSplitOptions.RemoveEmptyEntries), completed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Other_shells_accept_their_script(string shell)
    {
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, shell))), $"{shell} is not installed");
        await File.WriteAllTextAsync(_home["script"], (await CommandRun.InAsync(_home.Path, "completion", shell)).Output);

        Assert.Equal("", await RunAsync(shell, "-n", _home["script"]));
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (process.ExitCode, await errors));
        return output;
    }
}
