using System.CommandLine;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Local;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Devices;

namespace Trainer.Cli.Commands;

/// <summary>trainer up</summary>
internal static class UpCommand
{
    public static Command Create(Shell shell)
    {
        var workers = new Option<int>("--workers") { Description = "Worker processes.", HelpName = "N", DefaultValueFactory = _ => 1 };
        workers.Validators.Add(Numbers.AtLeast(1));
        var threads = new Option<int?>("--threads-per-worker")
        {
            Description = "Compute threads of each. Default: the processors, shared out evenly.",
            HelpName = "T",
        };
        threads.Validators.Add(Numbers.AtLeast(1));
        var memory = ByteSizeOption.Create("--memory-per-worker", "What each worker on the CPU may hold of the machine's memory. Default: the memory, shared out evenly.", "4GiB");
        var device = DeviceOption.Create(DeviceName.Auto, "What workers compute on; several GPUs are dealt out in turn");
        var detach = new Option<bool>("--detach", "-d") { Description = "Return once the cluster is ready; 'trainer down' stops it." };
        var noRestart = new Option<bool>("--no-restart") { Description = "Do not restart processes that exit." };
        var runFolder = Folder("--run-folder", "Endpoints, token and sockets. Default: run/ in $TRAINER_HOME.");
        var store = Folder("--store", "The database of jobs. Default: store/ in $TRAINER_HOME.");
        var artifacts = ArtifactsOption.Create("Where checkpoints and results of jobs go. Default: jobs/ in $TRAINER_HOME.");
        var (retention, webhook, mlflow) = (new RetentionOptions(), new WebhookOptions(), new MlflowOptions());
        var (metricsOpen, otlp, traceLink) = (MetricsOption.Create(), OtlpOption.Create(), TraceLinkOption.Create());
        var exitWithParent = new Option<bool>("--exit-with-parent")
        {
            Description = "Stop when standard input closes: for scripts that want no cluster to outlive them.",
        };
        var supervise = new Option<bool>("--supervise") { Hidden = true }; // what --detach starts
        var command = new TrainerCommand(
            "up", "Starts a cluster on this machine: a coordinator and workers. Restarts processes that exit. Ctrl-C stops all.")
        {
            Examples = ["trainer up", "trainer up --workers 3 --threads-per-worker 1 --detach", "trainer up --workers 2 --device cuda", "trainer up --workers 2 --no-restart", "trainer up --artifacts s3://training/jobs", "trainer up --mlflow http://127.0.0.1:5000", "trainer up --otlp http://127.0.0.1:4318"],
            Options = { workers, threads, memory, device, detach, noRestart, runFolder, store, artifacts, metricsOpen, otlp, traceLink, exitWithParent, supervise },
        };
        retention.AddTo(command);
        webhook.AddTo(command);
        mlflow.AddTo(command);
        command.SetAction((parsed, stop) =>
        {
            var folders = LocalFolders.Of(shell.Environment);
            var options = new LocalClusterOptions(
                folders with
                {
                    Run = Path.GetFullPath(parsed.GetValue(runFolder) ?? folders.Run),
                    Store = Path.GetFullPath(parsed.GetValue(store) ?? folders.Store),
                    Jobs = parsed.GetValue(artifacts) ?? folders.Jobs,
                },
                parsed.GetValue(workers),
                parsed.GetValue(threads) ?? LocalClusterOptions.ThreadsOf(Environment.ProcessorCount, parsed.GetValue(workers)),
                parsed.GetValue(device)!,
                Restart: !parsed.GetValue(noRestart))
            {
                ToCoordinator = [.. RetentionOptions.Arguments(retention.Read(parsed)), .. webhook.Arguments(parsed), .. mlflow.Arguments(parsed), .. TraceLinkOption.Arguments(parsed.GetValue(traceLink))],
                MemoryPerWorker = parsed.GetValue(memory),
                MetricsOpen = parsed.GetValue(metricsOpen),
                Otlp = OtlpOption.Read(parsed.GetValue(otlp), shell.Environment)?.Address,
            };
            var printer = Printer.Of(parsed, shell);
            if (options.ThreadsPerWorker > Environment.ProcessorCount && !parsed.GetValue(supervise))
            {
                printer.Warn($"Warning: {options.ThreadsPerWorker} threads per worker on {Words.Plural(Environment.ProcessorCount, "processor")} take turns; more than {Environment.ProcessorCount} make a worker slower.");
            }

            if (parsed.GetValue(detach))
            {
                return Detached.StartAsync(options, printer, SupervisorArguments(options), stop);
            }

            if (parsed.GetValue(supervise))
            {
                Posix.LeaveTerminal();
            }

            return new LocalCluster(options, printer).RunAsync(parsed.GetValue(exitWithParent) ? HostProcess.LiveWithParent(stop) : stop);
        });
        return command;
    }

    private static Option<string?> Folder(string name, string description) => new(name) { Description = description, HelpName = "FOLDER" };

    private static List<string> SupervisorArguments(LocalClusterOptions options)
    {
        List<string> arguments =
        [
            "up", "--supervise", "--workers", $"{options.Workers}", "--threads-per-worker", $"{options.ThreadsPerWorker}",
            "--device", options.Device, "--run-folder", options.Folders.Run, "--store", options.Folders.Store, "--artifacts", options.Folders.Jobs, .. options.ToCoordinator,
        ];
        if (!options.Restart)
        {
            arguments.Add("--no-restart");
        }

        if (options.MemoryPerWorker is { } memory)
        {
            arguments.AddRange(["--memory-per-worker", ByteSizeOption.Text(memory)]);
        }

        if (options.MetricsOpen)
        {
            arguments.Add(MetricsOption.Name);
        }

        if (options.Otlp is { } otlp)
        {
            arguments.AddRange([OtlpOption.Name, otlp.OriginalString]);
        }

        return arguments;
    }
}
