using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Local;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;
using Trainer.Node;

namespace Trainer.Cli.Commands;

/// <summary>trainer node: a process with a worker.</summary>
internal static class NodeCommand
{
    private static CliException NoCluster => new(
        "This node has no cluster to join.",
        ExitCode.Usage,
        "Give it --seed for every coordinator, or the --run-folder of a local cluster.");

    public static Command Create(Shell shell)
    {
        var host = new HostProcess(ProcessLimits.OfNodes);
        var name = HostProcess.Name("The worker's name, unique in the cluster.", () => Environment.MachineName);
        var linkPort = HostProcess.Port("--link-port", "tensors from other workers");
        var threads = new Option<int>("--threads") { Description = "Compute threads of a worker on the CPU; 0: one per processor.", HelpName = "N" };
        threads.Validators.Add(Numbers.AtLeast(0));
        var metricsToken = new Option<string?>("--metrics-token-file")
        {
            Description = "Holds a token with which /metrics can be read: a viewer's, for all processes. A run folder's does too.",
            HelpName = "FILE",
        };
        var device = DeviceOption.Create(DeviceName.Auto, "What the worker computes on");
        var command = new TrainerCommand("node", "Runs a worker. 'trainer up' starts some for you.")
        {
            Examples =
            [
                "trainer node --name worker-0 --run-folder /run/user/1000/trainer --device cpu --threads 4",
                "trainer node --name worker-0 --host worker-0.worker --cluster-port 4053 --link-port 6000 --http-port 9090 \\",
                "    --seed coordinator-0.coordinator:4053 --certificate /certs/node.pem --key /certs/node.key --ca /certs/ca.pem",
            ],
            Options = { name, linkPort, threads, device, metricsToken },
        };
        host.AddTo(command);
        command.SetAction((parsed, stop) =>
        {
            var probe = FaultProbe.Of(shell.Environment);
            var options = new NodeOptions
            {
                Name = parsed.GetValue(name)!,
                Host = parsed.GetValue(host.Host)!,
                ClusterPort = parsed.GetValue(host.ClusterPort),
                HttpPort = parsed.GetValue(host.HttpPort),
                LinkPort = parsed.GetValue(linkPort),
                Seeds = parsed.GetValue(host.Seed)!,
                Run = host.OpenRunFolder(parsed),
                Threads = parsed.GetValue(threads),
                Device = parsed.GetValue(device)!,
                OpenDevice = DeviceCatalog.Open,
                Files = host.Files(parsed),
                Limits = host.Limits(parsed),
                MetricsToken = parsed.GetValue(metricsToken) is { } file ? TokenFile.ReadOwn(file) : null,
                MetricsOpen = parsed.GetValue(host.MetricsOpen),
                Certificates = host.Certificates(parsed),
                Insecure = parsed.GetValue(host.Insecure),
                Buckets = S3Access.Of(shell.Environment),
                Log = host.Log(parsed),
                Otlp = OtlpOption.Read(parsed.GetValue(host.Otlp), shell.Environment),
                LastEnd = shell.Environment(ChildProcess.LastEnd) ?? "",
                Reached = probe is null ? null : probe.Reached,
                Hashed = probe is null ? null : probe.Hashed,
            };
            if (options is { Run: null, Seeds.Count: 0 })
            {
                throw NoCluster;
            }

            return host.RunAsync(parsed, ended => NodeHost.RunAsync(options, ended), stop);
        });
        return command;
    }
}
