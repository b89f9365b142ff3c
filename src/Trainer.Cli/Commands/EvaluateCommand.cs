using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;
using Trainer.Node.Training;

namespace Trainer.Cli.Commands;

/// <summary>trainer evaluate ID|WEIGHTS</summary>
internal static class EvaluateCommand
{
    public static Command Create(Shell shell)
    {
        var trained = new TrainedModelOptions();
        var images = new Option<string?>("--images") { Description = "An IDX file of images. Default: the job's test images.", HelpName = "FILE" };
        var labels = new Option<string?>("--labels") { Description = "An IDX file of their classes.", HelpName = "FILE" };
        var csv = new Option<bool>("--csv") { Description = "A line for each class: images, precision, recall, F1, and how many of its images were taken for each class." };
        var threads = ThreadsOption.Create();
        var device = DeviceOption.Create(DeviceKind.Cpu, "What computes");
        var command = new TrainerCommand("evaluate", "Measures a trained model on this machine: loss and accuracy, each class, what is taken for what, the worst mistakes.")
        {
            Examples =
            [
                "trainer evaluate 6ed2ujta4p",
                "trainer evaluate weights.safetensors --job examples/lenet-fashion-mnist.yaml",
                "trainer evaluate 6ed2ujta4p --images t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz",
                "trainer evaluate 6ed2ujta4p --device cuda",
                "trainer evaluate 6ed2ujta4p --output json | jq '.classes[] | select(.recall < 0.5).name'",
                "trainer evaluate 6ed2ujta4p --checkpoint best --csv",
            ],
            Options = { images, labels, csv, threads, device },
        };
        trained.AddTo(command);
        command.Validators.Add(given =>
        {
            if (given.GetValue(images) is null != given.GetValue(labels) is null)
            {
                given.AddError("--images and --labels go together.");
            }

            if (given.GetValue(csv) && given.GetValue(OutputOption.Instance) == "json")
            {
                given.AddError("--csv and --output json are two forms of the same: give one of them.");
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            var model = await trained.FindAsync(parsed, shell, stop);
            using var opened = DeviceCatalog.Open(parsed.GetValue(device)!, parsed.GetValue(threads));
            var printer = Printer.Of(parsed, shell);
            var data = BrokenSamples.Skipping(model.Spec, BrokenSamples.RecipeOf(model.Spec), ImageSource.Open(model, parsed.GetValue(images), parsed.GetValue(labels)), printer.Warn);
            using var network = Open(model, data, opened);
            if (network.TakesSeveral)
            {
                SeveralLabelsText.Print(printer, data, network, model, parsed.GetValue(csv), shell.Width, stop);
                return ExitCode.Ok;
            }

            var result = network.Evaluate(data, stop);
            printer.Print(() => Json(result, model), () => parsed.GetValue(csv) ? ReportText.Csv(result.Report) : Text(result, model, shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainedNetwork Open(TrainedModel trained, DataSet data, Device device)
    {
        var model = ModelSource.Build(trained.Spec, trained.Place, data.Shape, trained.Classes);
        if (data.Labels.Refuse(model.Classes, trained.Spec.Training.IgnoredLabel) is { } problem)
        {
            throw new CliException($"The model knows {model.Classes} classes; {problem}.");
        }

        return TrainedNetwork.Open(model, trained, device);
    }

    private static string Text(Evaluation result, TrainedModel model, int? width)
    {
        var (report, blank) = (result.Report, Environment.NewLine + Environment.NewLine);
        List<(string Name, string Value)> facts =
        [
            ("images", report.Sums.Samples.ToString("#,0")),
            ("loss", Words.Loss(report.Sums.MeanLoss)),
            ("accuracy", Words.Percent(report.Sums.Accuracy)),
            ("macro F1", Words.Percent(report.Macro.F1)),
            ("images/s", Words.Rate(result.ImagesPerSecond)),
            ("weights", model.Weights),
        ];
        if (report.Sums.Counted < report.Sums.Samples)
        {
            facts.Insert(1, ("counted", report.Sums.Counted.ToString("#,0")));
        }

        if (report.Classes.Count > 5)
        {
            facts.Insert(facts.FindIndex(fact => fact.Name == "macro F1"), ("top 5", Words.Percent(report.Top5)));
        }

        return Facts.Render(facts, width) + blank + ReportText.Classes(report, width) + (report.Mistakes.Count > 0 ? blank + ReportText.Mistakes(report, width) : "");
    }

    private static JsonObject Json(Evaluation result, TrainedModel model)
    {
        var json = JsonNode.Parse(result.Report.ToJson())!.AsObject();
        json["images_per_second"] = JsonNumber.Of(result.ImagesPerSecond);
        json["weights"] = model.Weights;
        return json;
    }
}
