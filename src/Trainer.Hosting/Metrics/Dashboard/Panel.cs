using System.Text.Json.Nodes;

namespace Trainer.Hosting.Metrics;

/// <summary>A query of a panel.</summary>
/// <param name="Legend">Grafana's legend format: <c>{{state}}</c>.</param>
public sealed record PanelQuery(string Expression, string Legend);

/// <summary>From which value on a panel shows a color.</summary>
public sealed record Threshold(double From, string Color);

/// <summary>One panel of a dashboard.</summary>
/// <param name="Type">Grafana's panel type: timeseries, stat.</param>
/// <param name="Unit">Grafana's unit: s, Bps, percentunit, short, none.</param>
public sealed record Panel(string Title, string Description, string Type, string Unit, params PanelQuery[] Queries)
{
    /// <summary>Of the grid's 24 columns.</summary>
    public int Width { get; init; } = 8;

    /// <summary>Areas on top of each other, for shares of a whole.</summary>
    public bool Stacked { get; init; }

    /// <summary>For what happens now and then.</summary>
    public bool Bars { get; init; }

    /// <summary>The series' names, where their value is always 1.</summary>
    public bool Names { get; init; }

    /// <summary>Ascending; below the first everything is as usual. Lines where there is a curve, colors where there is a number.</summary>
    public IReadOnlyList<Threshold> Thresholds { get; init; } = [];

    /// <summary>Below the first of <see cref="Thresholds"/>.</summary>
    public string Color { get; init; } = "green";

    private bool IsCurve => Type == "timeseries";

    internal static JsonObject DataSource() => new() { ["type"] = "prometheus", ["uid"] = "${datasource}" };

    internal JsonObject Json(int id, int x, int y, int height) => new()
    {
        ["id"] = id,
        ["type"] = Type,
        ["title"] = Title,
        ["description"] = Description,
        ["datasource"] = DataSource(),
        ["gridPos"] = new JsonObject { ["h"] = height, ["w"] = Width, ["x"] = x, ["y"] = y },
        ["fieldConfig"] = new JsonObject { ["defaults"] = Field(), ["overrides"] = new JsonArray() },
        ["options"] = Options(),
        ["targets"] = new JsonArray([.. Queries.Select(Target)]),
    };

    private JsonObject Field()
    {
        var field = new JsonObject
        {
            ["unit"] = Unit,
            ["color"] = new JsonObject { ["mode"] = IsCurve ? "palette-classic" : "thresholds" },
            ["thresholds"] = new JsonObject
            {
                ["mode"] = "absolute",
                ["steps"] = new JsonArray([Step(null, Thresholds.Count > 0 ? Color : "text"), .. Thresholds.Select(threshold => Step(threshold.From, threshold.Color))]),
            },
        };
        if (IsCurve)
        {
            field["custom"] = Drawing();
        }

        return field;
    }

    private static JsonObject Step(double? from, string color) => new() { ["color"] = color, ["value"] = from };

    // A point where there is no line: a short job may leave one alone.
    private JsonObject Drawing() => new()
    {
        ["drawStyle"] = Bars ? "bars" : "line",
        ["fillOpacity"] = Stacked || Bars ? 60 : 0,
        ["lineWidth"] = 1,
        ["showPoints"] = "auto",
        ["spanNulls"] = 60_000,
        ["stacking"] = new JsonObject { ["mode"] = Stacked || Bars ? "normal" : "none" },
        ["thresholdsStyle"] = new JsonObject { ["mode"] = Thresholds.Count > 0 ? "dashed" : "off" },
    };

    private JsonObject Options() => IsCurve
        ? new() { ["legend"] = new JsonObject { ["displayMode"] = "list", ["placement"] = "bottom" }, ["tooltip"] = new JsonObject { ["mode"] = "multi" } }
        : new()
        {
            ["reduceOptions"] = new JsonObject { ["calcs"] = new JsonArray("lastNotNull"), ["fields"] = "" },
            ["textMode"] = Names ? "name" : "auto",
            ["colorMode"] = Thresholds.Count > 0 ? "value" : "none",
            ["graphMode"] = "none",
        };

    private static JsonObject Target(PanelQuery query, int index) => new()
    {
        ["refId"] = ((char)('A' + index)).ToString(),
        ["datasource"] = DataSource(),
        ["expr"] = query.Expression,
        ["legendFormat"] = query.Legend,
    };
}

/// <summary>A titled group of panels.</summary>
public sealed record PanelRow(string Title, params Panel[] Panels);
