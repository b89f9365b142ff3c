using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Commands;

/// <summary>trainer evaluate ID|WEIGHTS</summary>
internal static class EvaluateCommand
{
    public static Command Create(Shell shell)
    {
        var trained = new TrainedModelOptions();
        var images = new Option<string?>("--images") { Description = "An IDX file of images. Default: the job's test images.", HelpName = "FILE" };
        var labels = new Option<string?>("--labels") { Description = "An IDX file of their classes.", HelpName = "FILE" };
        var threads = ThreadsOption.Create();
        var device = DeviceOption.Create(DeviceKind.Cpu, "What computes");
        var command = new TrainerCommand("evaluate", "Measures loss and accuracy of a trained model, on this machine.")
        {
            Examples =
            [
                "trainer evaluate 6ed2ujta4p",
                "trainer evaluate weights.safetensors --job examples/lenet-fashion-mnist.yaml",
                "trainer evaluate 6ed2ujta4p --images t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz",
                "trainer evaluate 6ed2ujta4p --device cuda",
            ],
            Options = { images, labels, threads, device },
        };
        trained.AddTo(command);
        command.Validators.Add(given =>
        {
            if (given.GetValue(images) is null != given.GetValue(labels) is null)
            {
                given.AddError("--images and --labels go together.");
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            var model = await trained.FindAsync(parsed, shell, stop);
            using var opened = DeviceCatalog.Open(parsed.GetValue(device)!, parsed.GetValue(threads));
            var result = Evaluate(model, parsed.GetValue(images), parsed.GetValue(labels), opened, stop);
            Printer.Of(parsed, shell).Print(() => Json(result, model), () => Text(result, model, shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Evaluation Evaluate(TrainedModel trained, string? images, string? labels, Device device, CancellationToken stop)
    {
        var data = ImageSource.Open(trained, images, labels);
        var model = ModelSource.Build(trained.Spec, trained.Place, data.Shape, trained.Classes);
        if (data.Labels.Refuse(model.Classes, trained.Spec.Training.IgnoredLabel) is { } problem)
        {
            throw new CliException($"The model knows {model.Classes} classes; {problem}.");
        }

        using var network = TrainedNetwork.Open(model, trained, device);
        return network.Evaluate(data, stop);
    }

    private static string Text(Evaluation result, TrainedModel model, int? width) => Facts.Render(
    [
        ("images", result.Images.ToString("#,0")),
        ("loss", Words.Loss(result.Loss)),
        ("accuracy", Words.Percent(result.Accuracy)),
        ("images/s", Words.Rate(result.ImagesPerSecond)),
        ("weights", model.Weights),
    ], width);

    private static JsonObject Json(Evaluation result, TrainedModel model) => new()
    {
        ["images"] = result.Images,
        ["loss"] = JsonNumber.Of(result.Loss),
        ["accuracy"] = JsonNumber.Of(result.Accuracy),
        ["images_per_second"] = JsonNumber.Of(result.ImagesPerSecond),
        ["weights"] = model.Weights,
    };
}
