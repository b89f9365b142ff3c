using System.Diagnostics;

namespace Trainer.Cli.Tests.Fakes;

/// <summary>
/// The real tool in a process of its own, with a shell script where it looks for itself: so `trainer up` supervises children that are ready at once
/// and end with their pipe, as coordinators and nodes do.
/// </summary>
internal sealed class FakeInstallation : IDisposable
{
    /// <summary>
    /// $1 is coordinator or node. Publishes an endpoint with the pid and start time of the shell, and waits for the end of standard input.
    /// `up` (of --detach) is the tool itself. A file BEHAVIOUR beside it tells it to do otherwise.
    /// </summary>
    private const string Script = """
        #!/bin/sh
        here=$(dirname "$0")
        if [ "$1" = up ]; then exec dotnet "$here/trainer.dll" "$@"; fi
        role=$1
        while [ $# -gt 0 ]; do
          case $1 in --name) name=$2;; --run-folder) run=$2;; esac
          shift
        done
        echo "$name says hello"
        [ -f "$here/$name.fails" ] && { echo "$name cannot find its socks"; exit 7; }
        [ -f "$here/$name.deaf" ] && exec sleep 1000
        ticks=$(cut -d' ' -f22 /proc/$$/stat)
        grpc=null; [ $role = coordinator ] && grpc="\"$(cat "$here/grpc")\""
        mkdir -p "$run/endpoints"
        file=$run/endpoints/$name.json
        echo "{\"name\":\"$name\",\"role\":\"$role\",\"processId\":$$,\"startTicks\":$ticks,\"cluster\":\"akka.tcp://trainer@127.0.0.1:7\",\"grpc\":$grpc,\"http\":\"http://127.0.0.1:9\"}" >"$file.new"
        mv "$file.new" "$file"
        read -r line
        rm -f "$file"
        """;

    private readonly TemporaryFolder _folder = new();

    /// <param name="grpc">The job API that the fake coordinator claims to have.</param>
    public FakeInstallation(string grpc)
    {
        // The host takes the folder that trainer.dll is really in for the program's own.
        File.Copy(Path.Combine(AppContext.BaseDirectory, "trainer.dll"), _folder["trainer.dll"]);
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(file => Path.GetFileName(file) is not ("trainer" or "trainer.dll")))
        {
            File.CreateSymbolicLink(_folder[Path.GetFileName(file)], file);
        }

        File.WriteAllText(_folder["trainer"], Script);
        File.SetUnixFileMode(_folder["trainer"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(_folder["grpc"], grpc);
        Directory.CreateDirectory(Home);
    }

    public string Home => _folder["home"];

    public string Run => _folder["home/run"];

    /// <summary>Lets a child fail at its start, or not notice the end of its pipe.</summary>
    public void Misbehave(string child, string how) => File.WriteAllText(_folder[$"{child}.{how}"], "");

    public void Behave(string child, string how) => File.Delete(_folder[$"{child}.{how}"]);

    public ToolProcess Start(params string[] arguments) => ToolProcess.Start(_folder["trainer.dll"], Home, arguments);

    public void Dispose() => _folder.Dispose();
}

/// <summary>A running `trainer`, its output collected.</summary>
internal sealed class ToolProcess : IDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly System.Text.StringBuilder _output = new();

    private ToolProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Collect(line.Data);
        process.ErrorDataReceived += (_, line) => Collect(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public string Output
    {
        get
        {
            lock (_gate)
            {
                return _output.ToString();
            }
        }
    }

    public static ToolProcess Start(string assembly, string home, string[] arguments) => new(Process.Start(new ProcessStartInfo("dotnet", [assembly, .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        Environment = { ["TRAINER_HOME"] = home },
    })!);

    public Task SaysAsync(string text) => Eventually.TrueAsync(
        () => Output.Contains(text, StringComparison.Ordinal) || (_process.HasExited ? throw new InvalidOperationException($"It ended with {_process.ExitCode}, saying: {Output}") : false),
        $"process {Id} says '{text}'; it said: {Output}");

    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
        return _process.ExitCode;
    }

    public void Kill() => _process.Kill();

    public void CloseInput() => _process.StandardInput.Close();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private void Collect(string? line)
    {
        lock (_gate)
        {
            _output.Append(line).Append(line is null ? "" : "\n");
        }
    }
}
