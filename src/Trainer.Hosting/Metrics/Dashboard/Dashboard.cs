using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Trainer.Hosting.Metrics;

/// <summary>The Grafana dashboard, made from <see cref="MetricCatalog"/>; deploy/grafana/trainer.json is its <see cref="Json"/>.</summary>
/// <remarks>Made to be provisioned: fixed uid, no id, no __inputs; the data source is a variable.</remarks>
public static class Dashboard
{
    private const int Columns = 24;
    private const int PanelHeight = 8;

    public static IReadOnlyList<PanelRow> Rows => DashboardRows.All;

    /// <summary>The dashboard's file, ending in a line feed.</summary>
    public static string Json()
    {
        var dashboard = new JsonObject
        {
            ["uid"] = "trainer",
            ["title"] = "Trainer",
            ["description"] = "Jobs, workers, training curves, steps and collectives of a Trainer cluster.",
            ["tags"] = new JsonArray("trainer"),
            ["schemaVersion"] = 39,
            ["editable"] = false,
            ["timezone"] = "browser",
            ["refresh"] = "10s",
            ["time"] = new JsonObject { ["from"] = "now-1h", ["to"] = "now" },
            ["graphTooltip"] = 1,
            ["templating"] = new JsonObject { ["list"] = new JsonArray(DataSourceVariable(), RunVariable()) },
            ["panels"] = new JsonArray([.. Layout()]),
        };
        var options = new JsonSerializerOptions { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        return dashboard.ToJsonString(options) + "\n";
    }

    internal static JsonObject DataSource() => new() { ["type"] = "prometheus", ["uid"] = "${datasource}" };

    /// <summary>Places panels from left to right, a new line where one does not fit, each row under its title.</summary>
    private static IEnumerable<JsonNode> Layout()
    {
        var id = 0;
        var y = 0;
        foreach (var row in Rows)
        {
            yield return RowTitle(row.Title, ++id, y++);
            var x = 0;
            foreach (var panel in row.Panels)
            {
                if (x + panel.Width > Columns)
                {
                    (x, y) = (0, y + PanelHeight);
                }

                yield return panel.Json(++id, x, y, PanelHeight);
                x += panel.Width;
            }
            y += PanelHeight;
        }
    }

    private static JsonObject RowTitle(string title, int id, int y) => new()
    {
        ["id"] = id,
        ["type"] = "row",
        ["title"] = title,
        ["collapsed"] = false,
        ["gridPos"] = new JsonObject { ["h"] = 1, ["w"] = Columns, ["x"] = 0, ["y"] = y },
        ["panels"] = new JsonArray(),
    };

    private static JsonObject DataSourceVariable() => new()
    {
        ["name"] = "datasource",
        ["label"] = "Data source",
        ["type"] = "datasource",
        ["query"] = "prometheus",
    };

    private static JsonObject RunVariable() => new()
    {
        ["name"] = "run",
        ["label"] = "Run",
        ["type"] = "query",
        ["datasource"] = DataSource(),
        ["query"] = $"label_values({MetricCatalog.Epoch.Name}, run)",
        ["refresh"] = 2,
        ["multi"] = true,
        ["includeAll"] = true,
        ["allValue"] = ".*",
        ["current"] = new JsonObject { ["text"] = "All", ["value"] = "$__all" },
    };
}
