using System.Text.Json.Nodes;
using Trainer.Cli.Home;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>What `trainer up` says once the cluster is ready.</summary>
internal static class ReadyText
{
    public static void Print(Printer printer, RunFolder run, LocalClusterRecord record) =>
        printer.Print(() => ToJson(run, record), () => ToText(run, record, printer.Width));

    private static string ToText(RunFolder run, LocalClusterRecord record, int? width)
    {
        var processes = new TextTable("NAME", new("PROCESS", Rank: 1), "JOB API", "METRICS");
        foreach (var endpoint in run.Endpoints())
        {
            processes.Row(endpoint.Name, $"{endpoint.ProcessId}", endpoint.Grpc ?? "", Metrics(endpoint));
        }

        return $"""
            The cluster is up: {Words.Plural(record.Workers, "worker")} with {Words.Plural(record.ThreadsPerWorker, "thread")} each.
            {processes.Render(width)}
            Dashboard {string.Join(", ", run.Endpoints().Where(endpoint => endpoint.Grpc is not null).Select(endpoint => endpoint.Http.TrimEnd('/')))} (sign in with: trainer dashboard)
            HTTP and JSON: {string.Join(", ", run.Endpoints().Where(endpoint => endpoint.Grpc is not null).Select(Http))}
            Logs: {record.Logs}
            """;
    }

    private static JsonObject ToJson(RunFolder run, LocalClusterRecord record) => new()
    {
        ["event"] = "ready",
        ["run_folder"] = run.Path,
        ["dashboard"] = run.Endpoints().FirstOrDefault(endpoint => endpoint.Grpc is not null)?.Http.TrimEnd('/'),
        ["logs"] = record.Logs,
        ["supervisor"] = record.ProcessId,
        ["threads_per_worker"] = record.ThreadsPerWorker,
        ["processes"] = new JsonArray([.. run.Endpoints().Select(endpoint => new JsonObject
        {
            ["name"] = endpoint.Name,
            ["role"] = endpoint.Role,
            ["pid"] = endpoint.ProcessId,
            ["grpc"] = endpoint.Grpc,
            ["metrics"] = Metrics(endpoint),
            ["http"] = endpoint.Grpc is null ? null : Http(endpoint),
        })]),
    };

    private static string Http(ProcessEndpoint endpoint) => $"{endpoint.Http.TrimEnd('/')}/v1";

    private static string Metrics(ProcessEndpoint endpoint) => $"{endpoint.Http.TrimEnd('/')}/metrics";
}
