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

/// <summary>trainer node: a process with one or several workers.</summary>
internal static class NodeCommand
{
    private static CliException NoCluster => new(
        "This node has no cluster to join.",
        ExitCode.Usage,
        "Give it --seed for every coordinator, or the --run-folder of a local cluster.");

    public static Command Create(Shell shell)
    {
        var host = new HostProcess(ProcessLimits.OfNodes);
        var name = HostProcess.Name("The worker's name, unique in the cluster; several are called NAME.0, NAME.1 and so on.", () => Environment.MachineName);
        var linkPort = HostProcess.Port("--link-port", "tensors from other workers (of several workers the first's, the others have those behind it)");
        var workers = new Option<int?>("--workers")
        {
            Description = "Workers in this process, which exchange through memory; several GPUs are dealt out in turn. Default: 1, and one for each GPU with --device cuda:all.",
            HelpName = "N",
        };
        workers.Validators.Add(Numbers.AtLeast(1));
        var threads = new Option<int>("--threads") { Description = "Compute threads on the CPU, which several workers share out; 0: one per processor.", HelpName = "N" };
        threads.Validators.Add(Numbers.AtLeast(0));
        var memory = ByteSizeOption.Create("--memory", "What the process may hold of the machine's memory, of workers on the CPU: batches that do not fit go through the network in parts. Default: three quarters of a container's limit, else all.", "4GiB");
        var metricsToken = new Option<string?>("--metrics-token-file")
        {
            Description = "Holds a token with which /metrics can be read: a viewer's, for all processes. A run folder's does too.",
            HelpName = "FILE",
        };
        var device = DeviceOption.Create(DeviceName.Auto, "What workers compute on", WorkerDevices.Expected, asked => WorkerDevices.IsAll(asked) || DeviceName.TryParse(asked) is not null);
        var command = new TrainerCommand("node", "Runs a worker, or several in one process. 'trainer up' starts some for you.")
        {
            Examples =
            [
                "trainer node --name worker-0 --run-folder /run/user/1000/trainer --device cpu --threads 4",
                "trainer node --name gpus --run-folder /run/user/1000/trainer --device cuda:all",
                "trainer node --name worker-0 --host worker-0.worker --cluster-port 4053 --link-port 6000 --http-port 9090 \\",
                "    --seed coordinator-0.coordinator:4053 --certificate /certs/node.pem --key /certs/node.key --ca /certs/ca.pem",
            ],
            Options = { name, linkPort, workers, threads, memory, device, metricsToken },
        };
        host.AddTo(command);
        command.Validators.Add(given =>
        {
            if (given.GetValue(workers) is not null && WorkerDevices.IsAll(given.GetValue(device)!))
            {
                given.AddError($"--workers and --device {given.GetValue(device)} both say how many workers there are; give one of them.");
            }
        });
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
                OpenDevices = () => WorkerDevices.Open(WorkerDevices.Of(parsed.GetValue(device)!, parsed.GetValue(workers), DeviceCatalog.List), parsed.GetValue(threads), parsed.GetValue(memory)),
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
