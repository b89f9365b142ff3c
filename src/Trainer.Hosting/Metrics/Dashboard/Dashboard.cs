using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Hosting.Metrics;

/// <summary>A Grafana dashboard, made from <see cref="MetricCatalog"/>; the files in deploy/grafana are their <see cref="Json"/>.</summary>
/// <remarks>Made to be provisioned: fixed uid, no id, no __inputs; the data source is a variable. By the rules of Grafana's dashboard-linter.</remarks>
/// <param name="File">Its name in deploy/grafana.</param>
public sealed record Dashboard(string File, string Uid, string Title, string Description, IReadOnlyList<PanelRow> Rows)
{
    private const int Columns = 24;
    private const int PanelHeight = 8;
    private const int StatHeight = 4;

    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole cluster, and one job.</summary>
    public static IReadOnlyList<Dashboard> All { get; } =
    [
        new("fleet.json", "trainer", "Trainer / Fleet", "All of a Trainer cluster: jobs, queue, workers, coordinators, faults and what they cost, the API, disk and certificates.", FleetRows.All),
        new("run.json", "trainer-run", "Trainer / Run", "One job of a Trainer cluster: progress, curves, throughput, where a step's time goes, all-reduces, checkpoints, its workers.", RunRows.All) { IsOfRun = true },
    ];

    /// <summary>It shows the run that is chosen at its top.</summary>
    public bool IsOfRun { get; private init; }

    /// <summary>The dashboard's file, ending in a line feed.</summary>
    public string Json()
    {
        var dashboard = new JsonObject
        {
            ["uid"] = Uid,
            ["title"] = Title,
            ["description"] = Description,
            ["tags"] = new JsonArray("trainer"),
            ["schemaVersion"] = 39,
            ["editable"] = false,
            ["timezone"] = "browser",
            ["refresh"] = "10s",
            ["time"] = new JsonObject { ["from"] = "now-1h", ["to"] = "now" },
            ["graphTooltip"] = 1,
            ["links"] = new JsonArray(LinkToOthers()),
            ["templating"] = new JsonObject { ["list"] = new JsonArray([Variables.DataSource(), Variables.Job(), .. IsOfRun ? [Variables.Run()] : Array.Empty<JsonNode>()]) },
            ["panels"] = new JsonArray([.. Layout()]),
        };
        return dashboard.ToJsonString(Written) + "\n";
    }

    private static JsonObject LinkToOthers() => new()
    {
        ["type"] = "dashboards",
        ["title"] = "Trainer",
        ["tags"] = new JsonArray("trainer"),
        ["includeVars"] = true,
        ["keepTime"] = true,
    };

    /// <summary>Places panels from left to right, a new line where one does not fit or is of another height, each row under its title.</summary>
    private IEnumerable<JsonNode> Layout()
    {
        var (id, y) = (0, 0);
        foreach (var row in Rows)
        {
            yield return RowTitle(row.Title, ++id, y++);
            var (x, height) = (0, HeightOf(row.Panels[0]));
            foreach (var panel in row.Panels)
            {
                if (x + panel.Width > Columns || HeightOf(panel) != height)
                {
                    (x, y, height) = (0, y + height, HeightOf(panel));
                }

                yield return panel.Json(++id, x, y, height);
                x += panel.Width;
            }

            y += height;
        }
    }

    private static int HeightOf(Panel panel) => panel.Type == "stat" ? StatHeight : PanelHeight;

    private static JsonObject RowTitle(string title, int id, int y) => new()
    {
        ["id"] = id,
        ["type"] = "row",
        ["title"] = title,
        ["collapsed"] = false,
        ["gridPos"] = new JsonObject { ["h"] = 1, ["w"] = Columns, ["x"] = 0, ["y"] = y },
        ["panels"] = new JsonArray(),
    };
}
