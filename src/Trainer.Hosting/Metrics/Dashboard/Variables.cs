using System.Text.Json.Nodes;

namespace Trainer.Hosting.Metrics;

/// <summary>What is chosen at the top of a dashboard.</summary>
internal static class Variables
{
    public static JsonObject DataSource() => new()
    {
        ["name"] = "datasource",
        ["label"] = "Data source",
        ["type"] = "datasource",
        ["query"] = "prometheus",
    };

    /// <summary>Prometheus' job: where one Prometheus watches several clusters, each has its own.</summary>
    public static JsonObject Job() => new()
    {
        ["name"] = "job",
        ["label"] = "Job",
        ["description"] = "The job in Prometheus' configuration, which is one cluster.",
        ["type"] = "query",
        ["datasource"] = Panel.DataSource(),
        ["query"] = $"label_values({MetricCatalog.BuildInfo.Name}, job)",
        ["refresh"] = 2,
        ["multi"] = true,
        ["includeAll"] = true,
        ["allValue"] = ".+",
        ["current"] = new JsonObject { ["text"] = "All", ["value"] = "$__all" },
    };

    /// <summary>Runs that trained within the range, by name and id; the value is the id.</summary>
    public static JsonObject Run() => new()
    {
        ["name"] = "run",
        ["label"] = "Run",
        ["description"] = "A job of Trainer that trained within the range shown: its name and its id.",
        ["type"] = "query",
        ["datasource"] = Panel.DataSource(),
        ["query"] = $"query_result(label_join(group by (name, run) (last_over_time({PromQl.Of(MetricCatalog.RunInfo)}[$__range])), \"text\", \" \", \"name\", \"run\"))",
        ["regex"] = "/run=\"(?<value>[^\"]+)\".*text=\"(?<text>[^\"]+)\"/",
        ["refresh"] = 2,
        ["sort"] = 1,
        ["multi"] = false,
        ["includeAll"] = false,
    };
}
