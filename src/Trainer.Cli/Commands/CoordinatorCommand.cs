using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Local;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Coordinator;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;

namespace Trainer.Cli.Commands;

/// <summary>trainer coordinator: a process of the control plane.</summary>
internal static class CoordinatorCommand
{
    private static CliException NoToken => new(
        "Anybody could call this coordinator: it has no token.",
        ExitCode.Usage,
        "Give it --run-folder or --token-file; or, to have it so, --insecure.");

    public static Command Create(Shell shell)
    {
        var host = new HostProcess(ProcessLimits.OfCoordinators);
        var name = HostProcess.Name("Unique among the coordinators.", () => "coordinator");
        var grpcPort = HostProcess.Port("--grpc-port", "the job API");
        var store = StoreOption.Create(shell);
        var artifacts = ArtifactsOption.Create("Where checkpoints and results of jobs go; workers must see a folder under the same path.");
        artifacts.Required = true;
        var (retention, quotas, webhook, mlflow) = (new RetentionOptions(), new QuotaOptions(), new WebhookOptions(), new MlflowOptions());
        var tokenFile = new Option<string?>("--token-file")
        {
            Description = "Holds an admin's token, with which the first others are made (trainer token create). A run folder has its own.",
            HelpName = "FILE",
        };
        var allowHost = new Option<IReadOnlyList<string>>("--allow-host")
        {
            Description = "A name by which it answers over HTTP in clear, behind a proxy for instance; *.example.com: all below that. Addresses, names without a dot and those that nobody can register need none.",
            HelpName = "NAME",
            DefaultValueFactory = _ => [],
        };
        var traceLink = TraceLinkOption.Create();
        var command = new TrainerCommand("coordinator", "Runs a coordinator: job API, scheduler and store. 'trainer up' starts one for you.")
        {
            Examples =
            [
                "trainer coordinator --run-folder /run/user/1000/trainer --store ~/jobs/db --artifacts ~/jobs",
                "trainer coordinator --run-folder /run/user/1000/trainer --store ~/jobs/db --artifacts s3://training/jobs --quota anna=8 --default-quota 4",
                "trainer coordinator --run-folder /run/user/1000/trainer --store ~/jobs/db --artifacts ~/jobs --webhook https://ci.example.com/trainer --webhook-secret-file /secrets/webhook",
                "trainer coordinator --name coordinator-0 --host coordinator-0.coordinator --cluster-port 4053 --grpc-port 5000 --http-port 9090 \\",
                "    --seed coordinator-0.coordinator:4053 --store /data/db --artifacts /data/jobs --token-file /secrets/token \\",
                "    --certificate /certs/coordinator.pem --key /certs/coordinator.key --ca /certs/ca.pem",
                "trainer coordinator --name coordinator-1 --host coordinator-1.coordinator --cluster-port 4053 --grpc-port 5000 --store postgres://trainer@db/trainer \\",
                "    --seed coordinator-0.coordinator:4053 --seed coordinator-1.coordinator:4053 --artifacts s3://training/jobs --token-file /secrets/token \\",
                "    --certificate /certs/coordinator.pem --key /certs/coordinator.key --ca /certs/ca.pem",
            ],
            Options = { name, grpcPort, store, artifacts, tokenFile, allowHost, traceLink },
        };
        retention.AddTo(command);
        quotas.AddTo(command);
        webhook.AddTo(command);
        mlflow.AddTo(command);
        host.AddTo(command);
        command.SetAction((parsed, stop) =>
        {
            var run = host.OpenRunFolder(parsed);
            var options = new CoordinatorOptions
            {
                Name = parsed.GetValue(name)!,
                Host = parsed.GetValue(host.Host)!,
                ClusterPort = parsed.GetValue(host.ClusterPort),
                GrpcPort = parsed.GetValue(grpcPort),
                HttpPort = parsed.GetValue(host.HttpPort),
                Seeds = parsed.GetValue(host.Seed)!,
                Store = StoreOption.Read(parsed.GetValue(store), shell),
                Artifacts = parsed.GetValue(artifacts)!,
                Retention = retention.Read(parsed),
                Quotas = quotas.Read(parsed),
                Webhook = webhook.Read(parsed),
                Mlflow = mlflow.Read(parsed),
                Buckets = S3Access.Of(shell.Environment),
                Run = run,
                Token = parsed.GetValue(tokenFile) is { } file ? TokenFile.ReadOwn(file) : run?.Token,
                Files = host.Files(parsed),
                Limits = host.Limits(parsed),
                AllowedHosts = parsed.GetValue(allowHost)!,
                TraceLink = parsed.GetValue(traceLink),
                MetricsOpen = parsed.GetValue(host.MetricsOpen),
                Certificates = host.Certificates(parsed),
                Inspection = [Executable.Path, InspectionCommand.Name],
                Insecure = parsed.GetValue(host.Insecure),
                Log = host.Log(parsed),
                Otlp = OtlpOption.Read(parsed.GetValue(host.Otlp), shell.Environment),
            };
            if (options is { Token: null, Insecure: false })
            {
                throw NoToken;
            }

            return host.RunAsync(parsed, ended => CoordinatorHost.RunAsync(options, ended), stop);
        });
        return command;
    }
}
