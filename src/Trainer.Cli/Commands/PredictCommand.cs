using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;
using Trainer.Kernels.Inspection;

namespace Trainer.Cli.Commands;

/// <summary>trainer predict ID|WEIGHTS</summary>
internal static class PredictCommand
{
    private const int MostInJson = 5;

    public static Command Create(Shell shell)
    {
        var trained = new TrainedModelOptions();
        var images = new Option<string?>("--images") { Description = "An IDX file of images. Default: the job's test images.", HelpName = "FILE" };
        var limit = new Option<int?>("--limit") { Description = "Only the first so many images. Default: all.", HelpName = "N" };
        var pictures = new Argument<string[]>("PICTURE")
        {
            Description = "Pictures in files (PNG, JPEG, WebP, BMP), folders of them, or a data set by name. Default: the job's test images.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var top = new Option<int>("--top") { Description = "So many classes for each image, the likeliest first. Default: 1; all, where images have several labels.", HelpName = "N", DefaultValueFactory = _ => 1 };
        top.Validators.Add(Numbers.AtLeast(1));
        limit.Validators.Add(Numbers.AtLeast(1));
        var threads = ThreadsOption.Create();
        var device = DeviceOption.Create(DeviceKind.Cpu, "What computes");
        var command = new TrainerCommand("predict", "Says which class a trained model sees in each image, on this machine.")
        {
            Examples =
            [
                "trainer predict 6ed2ujta4p cat.jpg dog.png",
                "trainer predict 6ed2ujta4p ~/photos --top 3",
                "trainer predict 6ed2ujta4p --limit 10",
                "trainer predict weights.safetensors --job my-job.yaml --images images.gz --output json | jq .class",
            ],
            Options = { images, limit, top, threads, device },
        };
        trained.AddTo(command);
        command.Arguments.Add(pictures);
        command.Validators.Add(given =>
        {
            if (given.GetValue(images) is not null && given.GetValue(pictures) is { Length: > 0 })
            {
                given.AddError("--images is an IDX file, PICTURE are others: give one of them.");
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            var model = await trained.FindAsync(parsed, shell, stop);
            var files = parsed.GetValue(pictures) ?? [];
            var data = files.Length > 0 ? ImageSource.OpenPictures(model, files) : ImageSource.Open(model, parsed.GetValue(images), labels: null);
            using var opened = DeviceCatalog.Open(parsed.GetValue(device)!, parsed.GetValue(threads));
            using var network = TrainedNetwork.Open(ModelSource.Build(model.Spec, model.Place, data.Shape, model.Classes), model, opened);
            var (printer, count) = (Printer.Of(parsed, shell), Math.Min(parsed.GetValue(limit) ?? data.Count, data.Count));
            var lines = new PredictionText(model.ClassNames, image => files.Length > 0 ? data.NameOf(image) : image.ToString(CultureInfo.InvariantCulture), count);
            if (!printer.Json)
            {
                shell.Out.WriteLine(lines.Header);
            }

            var guesses = network.TakesSeveral && parsed.GetResult(top) is null or { Implicit: true } ? network.Classes : printer.Json ? Math.Max(parsed.GetValue(top), MostInJson) : parsed.GetValue(top);
            network.Predict(data, count, guesses, prediction => printer.Print(() => Json(prediction, data, model.ClassNames), () => lines.Of(prediction)), stop);
            return ExitCode.Ok;
        });
        return command;
    }

    private static JsonObject Json(Prediction prediction, DataSet data, IReadOnlyList<string> names)
    {
        var json = new JsonObject { ["image"] = prediction.Image, ["file"] = data.NameOf(prediction.Image) };
        foreach (var member in Json(prediction.Guesses[0], names).ToList())
        {
            json[member.Key] = member.Value?.DeepClone();
        }

        json["top"] = new JsonArray([.. prediction.Guesses.Select(guess => Json(guess, names))]);
        return json;
    }

    private static JsonObject Json(Guess guess, IReadOnlyList<string> names) => new()
    {
        ["class"] = guess.Class,
        ["name"] = PredictionText.NameOf(guess.Class, names),
        ["probability"] = JsonNumber.Of(guess.Probability),
    };
}
