using System.Text.Json.Nodes;

namespace Trainer.Hosting.Metrics;

/// <summary>A query of a panel.</summary>
/// <param name="Legend">Grafana's legend format: <c>{{state}}</c>.</param>
public sealed record PanelQuery(string Expression, string Legend);

/// <summary>One panel of the dashboard.</summary>
/// <param name="Type">Grafana's panel type: timeseries, stat.</param>
/// <param name="Unit">Grafana's unit: s, Bps, percentunit, short, none.</param>
public sealed record Panel(string Title, string Description, string Type, string Unit, params PanelQuery[] Queries)
{
    /// <summary>Of the grid's 24 columns.</summary>
    public int Width { get; init; } = 8;

    /// <summary>Areas on top of each other, for shares of a whole.</summary>
    public bool Stacked { get; init; }

    internal JsonObject Json(int id, int x, int y, int height) => new()
    {
        ["id"] = id,
        ["type"] = Type,
        ["title"] = Title,
        ["description"] = Description,
        ["datasource"] = Dashboard.DataSource(),
        ["gridPos"] = new JsonObject { ["h"] = height, ["w"] = Width, ["x"] = x, ["y"] = y },
        ["fieldConfig"] = new JsonObject
        {
            ["defaults"] = Type == "timeseries" ? new() { ["unit"] = Unit, ["custom"] = Drawing() } : new JsonObject { ["unit"] = Unit },
            ["overrides"] = new JsonArray(),
        },
        ["options"] = Options(),
        ["targets"] = new JsonArray([.. Queries.Select((query, i) => Target(query, i))]),
    };

    private JsonObject Drawing() => new()
    {
        ["fillOpacity"] = Stacked ? 60 : 0,
        ["lineWidth"] = 1,
        ["showPoints"] = "never",
        ["stacking"] = new JsonObject { ["mode"] = Stacked ? "normal" : "none" },
    };

    private JsonObject Options() => Type == "stat"
        ? new() { ["reduceOptions"] = new JsonObject { ["calcs"] = new JsonArray("lastNotNull") }, ["textMode"] = "auto", ["colorMode"] = "none" }
        : new() { ["legend"] = new JsonObject { ["displayMode"] = "list", ["placement"] = "bottom" }, ["tooltip"] = new JsonObject { ["mode"] = "multi" } };

    private static JsonObject Target(PanelQuery query, int index) => new()
    {
        ["refId"] = ((char)('A' + index)).ToString(),
        ["datasource"] = Dashboard.DataSource(),
        ["expr"] = query.Expression,
        ["legendFormat"] = query.Legend,
    };
}

/// <summary>A titled group of panels.</summary>
public sealed record PanelRow(string Title, params Panel[] Panels);
