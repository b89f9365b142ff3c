using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Commands;

/// <summary>trainer predict ID|WEIGHTS</summary>
internal static class PredictCommand
{
    public static Command Create(Shell shell)
    {
        var trained = new TrainedModelOptions();
        var images = new Option<string?>("--images") { Description = "An IDX file of images. Default: the job's test images.", HelpName = "FILE" };
        var limit = new Option<int?>("--limit") { Description = "Only the first so many images. Default: all.", HelpName = "N" };
        limit.Validators.Add(Numbers.AtLeast(1));
        var threads = ThreadsOption.Create();
        var device = DeviceOption.Create(DeviceKind.Cpu, "What computes");
        var command = new TrainerCommand("predict", "Says which class a trained model sees in each image, on this machine.")
        {
            Examples =
            [
                "trainer predict 6ed2ujta4p --limit 10",
                "trainer predict weights.safetensors --job my-job.yaml --images images.gz --output json | jq .class",
            ],
            Options = { images, limit, threads, device },
        };
        trained.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var model = await trained.FindAsync(parsed, shell, stop);
            var data = ImageSource.Open(model, parsed.GetValue(images), labels: null);
            using var opened = DeviceCatalog.Open(parsed.GetValue(device)!, parsed.GetValue(threads));
            using var network = TrainedNetwork.Open(ModelSource.Build(model.Spec, model.Place, data.Shape, model.Classes), model, opened);
            var printer = Printer.Of(parsed, shell);
            if (!printer.Json)
            {
                shell.Out.WriteLine("IMAGE  CLASS  PROBABILITY");
            }

            network.Predict(data, parsed.GetValue(limit) ?? data.Count, prediction => printer.Print(() => Json(prediction), () => Text(prediction)), stop);
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Text(Prediction prediction) =>
        string.Create(CultureInfo.InvariantCulture, $"{prediction.Image,-5}  {prediction.Class,-5}  {prediction.Probability:0.0000}");

    private static JsonObject Json(Prediction prediction) => new()
    {
        ["image"] = prediction.Image,
        ["class"] = prediction.Class,
        ["probability"] = JsonNumber.Of(prediction.Probability),
    };
}
