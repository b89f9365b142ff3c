using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Output;
using Trainer.Cli.Trackers;
using Trainer.Kernels;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;

namespace Trainer.Cli.Commands;

/// <summary>trainer export ID|WEIGHTS --to FILE</summary>
internal static class ExportCommand
{
    private const string Onnx = "onnx";
    private const string SafetensorsFormat = "safetensors";
    private const string Optimizer = "optimizer";

    public static Command Create(Shell shell)
    {
        var trained = new TrainedModelOptions();
        var to = new Option<string?>("--to") { Description = "The file to write.", HelpName = "FILE" };
        var tensorBoard = new Option<string?>("--tensorboard")
        {
            Description = "Write what the job was asked for and what its steps and evaluations came to as events of TensorBoard, into a folder of the job's below this one. A job that goes on is written as far as it is.",
            HelpName = "FOLDER",
        };
        var format = new Option<string?>("--format")
        {
            Description = $"onnx: the model in evaluation, for any batch size (opset {OnnxFile.Opset}). safetensors: its weights, with PyTorch's names. "
                + "optimizer: the optimizer's state as safetensors, with torch.optim's names (0.weight.momentum_buffer), and the number of steps. "
                + "Default: as FILE ends.",
            HelpName = "onnx|safetensors|optimizer",
        };
        format.AcceptOnlyFromAmong(Onnx, SafetensorsFormat, Optimizer);
        var command = new TrainerCommand("export", "Writes a trained model, or a job's curves, for other programs.")
        {
            Examples =
            [
                "trainer export 6ed2ujta4p --to lenet.onnx",
                "trainer export 6ed2ujta4p --to lenet.safetensors",
                "trainer export mc4w8zk0rd --to state.safetensors --format optimizer",
                "trainer export 6ed2ujta4p --tensorboard runs",
                "trainer export weights.safetensors --job examples/lenet-fashion-mnist.yaml --to lenet.onnx",
            ],
            Options = { to, format, tensorBoard },
        };
        trained.AddTo(command);
        command.Validators.Add(given =>
        {
            if (given.GetValue(to) is null == given.GetValue(tensorBoard) is null)
            {
                given.AddError("Say what to write: --to FILE for the model, or --tensorboard FOLDER for curves.");
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            if (parsed.GetValue(tensorBoard) is { } folder)
            {
                var (id, address) = trained.JobOf(parsed, shell);
                var (events, steps) = await TensorBoardExport.WriteAsync(id, address, Path.GetFullPath(folder), stop);
                Printer.Of(parsed, shell).Print(
                    () => new JsonObject { ["tensorboard"] = events, ["steps"] = steps },
                    () => Facts.Render([("tensorboard", events), ("steps", $"{steps:#,0}")], shell.Width));
                return ExitCode.Ok;
            }

            var file = Place(parsed.GetValue(to)!);
            var written = parsed.GetValue(format) ?? FormatOf(file);
            var model = await trained.FindAsync(parsed, shell, stop);
            switch (written)
            {
                case Onnx:
                    WriteOnnx(model, file);
                    break;
                case Optimizer:
                    Copy(await OptimizerStateAsync(model, stop), file);
                    break;
                default:
                    Copy(model.Weights, file);
                    break;
            }
            Printer.Of(parsed, shell).Print(() => new JsonObject { [written] = file }, () => Facts.Render([(written, file)], shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static string FormatOf(string file) => Path.GetExtension(file) switch
    {
        ".onnx" => Onnx,
        ".safetensors" => SafetensorsFormat,
        _ => throw new CliException(
            $"{file} ends in neither .onnx nor .safetensors.", ExitCode.Usage, $"Say what to write with --format: {Onnx}, {SafetensorsFormat} or {Optimizer}."),
    };

    /// <summary>The place of a file that is to be written.</summary>
    private static string Place(string file)
    {
        var path = Path.GetFullPath(file);
        return Directory.Exists(Path.GetDirectoryName(path)) && !Directory.Exists(path)
            ? path
            : throw new CliException($"{path} cannot be written: {(Directory.Exists(path) ? "it is a folder" : "its folder does not exist")}.");
    }

    private static void WriteOnnx(TrainedModel trained, string file)
    {
        var model = ModelSource.Build(trained.Spec, trained.Place, trained.Input, trained.Classes);
        using var device = CpuDevice.Create(threads: 1);
        using var network = TrainedNetwork.Open(model, trained, device);
        try
        {
            OnnxFile.Write(file, model, network.Weights.ToArray(), Notes(trained));
        }
        catch (ModelException unspeakable)
        {
            throw new CliException($"{trained.Place} cannot be written as ONNX.", inner: unspeakable)
            {
                Violations = [new Violation($"model.{unspeakable.Path}", unspeakable.Problem)],
            };
        }
    }

    private static async Task<string> OptimizerStateAsync(TrainedModel trained, CancellationToken stop) => await trained.OptimizerState(stop)
        ?? throw new CliException($"{trained.Place} has no optimizer state.", remedy: "SGD without momentum keeps none.");

    private static void Copy(string from, string file)
    {
        if (Path.GetFullPath(from) != file)
        {
            File.Copy(from, file, overwrite: true);
        }
    }

    /// <summary>What whoever runs the file must do to images, which the graph does not say.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Notes(TrainedModel trained)
    {
        var transform = ImageSource.TransformOf(trained.Spec.Data);
        yield return new("job", trained.Spec.Name);
        var then = transform.Mean is { Count: > 0 } ? ", then (pixel - mean) / std" : "";
        yield return new("input", $"(batch, channels, height, width); pixels from 0 to 1{then}");
        if (trained.ClassNames.Count > 0)
        {
            yield return new("classes", JsonSerializer.Serialize(trained.ClassNames));
        }

        if (transform.Mean is { Count: > 0 } mean)
        {
            yield return new("mean", List(mean));
            yield return new("std", List(transform.Std!));
        }
    }

    private static string List(IEnumerable<double> numbers) => string.Join(", ", numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
}
