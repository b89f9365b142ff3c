using System.Diagnostics;
using Trainer.Cluster.Tests.Processes;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>deploy/verify, where a kubectl of the tests does to processes of this machine what the real one does to pods.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class VerifyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-verify-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_holds_is_said_to_hold()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 3, threads: 1);
        WriteKubectl(cluster, ready: "true");

        var (exitCode, output) = await VerifyAsync(cluster);

        Assert.True(exitCode == 0, output);
        Assert.Equal(8, output.Split('\n').Count(line => line.StartsWith("held ", StringComparison.Ordinal)));
        Assert.EndsWith("All held.\n", output, StringComparison.Ordinal);
        Assert.All(await File.ReadAllLinesAsync(In("forwards"), CancellationToken.None), forward => Assert.False(Directory.Exists($"/proc/{forward}"), $"port-forward {forward} was left behind"));
        Assert.Contains("delete pod/worker-0 --grace-period=0 --force --wait=false\n", await File.ReadAllTextAsync(In("calls"), CancellationToken.None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_hold_is_said_not_to()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 1, threads: 1);
        WriteKubectl(cluster, ready: "echo 'error: timed out waiting for the condition' >&2 && exit 1");

        var (exitCode, output) = await VerifyAsync(cluster);

        Assert.Equal(
            (1, "did not hold  coordinators and workers are ready\n              error: timed out waiting for the condition\n1 did not hold.\n"), (exitCode, output));
    }

    private string In(string file) => Path.Combine(_folder, file);

    /// <summary>Workers are known by their processes, as the supervisor starts them anew; whatever waits for pods finds them ready.</summary>
    private void WriteKubectl(LocalCluster cluster, string ready)
    {
        File.WriteAllText(In("kubectl"), $$"""
            #!/usr/bin/env bash
            export TRAINER_HOME={{cluster.Home}}
            run=$TRAINER_HOME/run
            shift 2 # -n NAMESPACE
            echo "$*" >>{{In("calls")}}
            of() { sed -n "s/.*\"$2\": \"\?\([^\",]*\).*/\1/p" "$run/endpoints/$1.json"; }
            case "$*" in
              "get statefulset coordinator "*) echo '["coordinator","--insecure"]' ;;
              "get pods "*) echo pod/worker-0 ;;
              "get certificate"*) ;;
              "delete secret/trainer-coordinator secret/trainer-node") ;;
              "logs pod/worker-0 --since-time="*) echo '{"message":"Certificates were exchanged: CN=trainer-node"}' ;;
              "set image deployment/worker worker=trainer:next") kill -TERM "$(of worker-0 processId)" ;;
              "set image statefulset/coordinator coordinator=trainer:next") kill -TERM "$(of coordinator processId)" ;;
              "get deployment/"*) echo 2 ;;
              "port-forward "*) echo "Forwarding from 127.0.0.1:$(of coordinator grpc | sed 's/.*://') -> 5000" && echo $$ >>{{In("forwards")}} && exec sleep 600 ;;
              "delete pod/coordinator-0 "*) kill -KILL "$(of coordinator processId)" ;;
              "delete pod/"*" --force "*) kill -KILL "$(of worker-0 processId)" ;;
              "delete pod/"*) kill -TERM "$(of worker-1 processId)" ;;
              "rollout status "*) {{ready}} ;;
              "scale "*) ;;
              *) exit 1 ;;
            esac
            """);
        File.SetUnixFileMode(In("kubectl"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<(int ExitCode, string Output)> VerifyAsync(LocalCluster cluster)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "deploy/verify"), ["--epochs", "5", "--image", "trainer:next", "--token-file", Path.Combine(cluster.Home, "run/token")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}";
        using var verify = Process.Start(start)!;
        var (output, error) = (verify.StandardOutput.ReadToEndAsync(), verify.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        try
        {
            await verify.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            verify.Kill(entireProcessTree: true);
            throw;
        }

        return (verify.ExitCode, await output + await error);
    }
}
