using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Output;
using Trainer.Kernels.Data;
using Trainer.Kernels.Training;

namespace Trainer.Cli.Models;

/// <summary>How an evaluation of images with any number of labels each is told.</summary>
internal static class SeveralLabelsText
{
    public static void Print(Printer printer, DataSet images, TrainedNetwork network, TrainedModel model, bool isCsv, int? width, CancellationToken stop)
    {
        var (report, rate) = network.EvaluateSeveral(images, stop);
        printer.Print(() => Json(report, rate, model.Weights), () => isCsv ? Csv(report) : Text(report, rate, model.Weights, width));
    }

    private static string Text(SeveralLabelsReport report, double rate, string weights, int? width)
    {
        var facts = Facts.Render(
            [
                ("images", report.Sums.Samples.ToString("#,0")),
                ("loss", Words.Loss(report.Sums.MeanLoss)),
                ("mAP", Words.Percent(report.MeanAveragePrecision)),
                ("likeliest is right", Words.Percent(report.Sums.Accuracy)),
                ("images/s", Words.Rate(rate)),
                ("weights", weights),
            ],
            width);
        var table = new TextTable("CLASS", "IMAGES", "AVERAGE PRECISION");
        foreach (var each in report.Classes)
        {
            table.Row(each.Name, each.Samples.ToString("#,0"), double.IsNaN(each.AveragePrecision) ? "-" : Words.Percent(each.AveragePrecision));
        }

        return facts + Environment.NewLine + Environment.NewLine + table.Render(width);
    }

    private static string Csv(SeveralLabelsReport report) => string.Join('\n', report.Classes
        .Select(each => string.Create(CultureInfo.InvariantCulture, $"{ReportText.Field(each.Name)},{each.Samples},{each.AveragePrecision:R}")).Prepend("class,images,average_precision"));

    private static JsonObject Json(SeveralLabelsReport report, double rate, string weights) => new()
    {
        ["images"] = report.Sums.Samples,
        ["loss"] = JsonNumber.Of(report.Sums.MeanLoss),
        ["accuracy"] = JsonNumber.Of(report.Sums.Accuracy),
        ["mean_average_precision"] = JsonNumber.Of(report.MeanAveragePrecision),
        ["classes"] = new JsonArray([.. report.Classes.Select(each => new JsonObject
        {
            ["label"] = each.Label,
            ["name"] = each.Name,
            ["images"] = each.Samples,
            ["average_precision"] = JsonNumber.Of(each.AveragePrecision),
        })]),
        ["images_per_second"] = JsonNumber.Of(rate),
        ["weights"] = weights,
    };
}
