using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Models;
using Trainer.Cli.Output;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;

namespace Trainer.Cli.Commands;

/// <summary>trainer export ID|WEIGHTS</summary>
internal static class ExportCommand
{
    public static Command Create(Shell shell)
    {
        var trained = new TrainedModelOptions();
        var onnx = new Option<string?>("--onnx")
        {
            Description = $"Write the model as ONNX (opset {OnnxFile.Opset}), as it is in evaluation, for any batch size.",
            HelpName = "FILE",
        };
        var safetensors = new Option<string?>("--safetensors") { Description = "Write the weights as safetensors; names as PyTorch's.", HelpName = "FILE" };
        var optimizer = new Option<string?>("--optimizer")
        {
            Description = "Write the optimizer's state as safetensors: names as torch.optim's (0.weight.momentum_buffer), and the number of steps.",
            HelpName = "FILE",
        };
        var command = new TrainerCommand("export", "Writes a trained model for other programs.")
        {
            Examples =
            [
                "trainer export lenet-fashion-mnist-3f2a --onnx lenet.onnx --safetensors lenet.safetensors",
                "trainer export resnet18-fashion-mnist-7c01 --safetensors weights.safetensors --optimizer state.safetensors",
                "trainer export weights.safetensors --job examples/lenet-fashion-mnist.yaml --onnx lenet.onnx",
            ],
            Options = { onnx, safetensors, optimizer },
        };
        trained.AddTo(command);
        command.Validators.Add(given =>
        {
            if (given.GetValue(onnx) is null && given.GetValue(safetensors) is null && given.GetValue(optimizer) is null)
                given.AddError("Say what to write: --onnx FILE, --safetensors FILE, --optimizer FILE or several.");
        });
        command.SetAction(async (parsed, stop) =>
        {
            var model = await trained.FindAsync(parsed, shell, stop);
            var written = new List<(string Format, string File)>();
            if (parsed.GetValue(onnx) is { } onnxFile)
                written.Add(("onnx", WriteOnnx(model, Place(onnxFile))));
            if (parsed.GetValue(safetensors) is { } safetensorsFile)
                written.Add(("safetensors", Copy(model.Weights, Place(safetensorsFile))));
            if (parsed.GetValue(optimizer) is { } optimizerFile)
                written.Add(("optimizer", Copy(OptimizerState(model), Place(optimizerFile))));
            Printer.Of(parsed, shell).Print(
                () => new JsonObject(written.Select(file => KeyValuePair.Create<string, JsonNode?>(file.Format, file.File))),
                () => Facts.Render(written));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The place of a file that is to be written.</summary>
    private static string Place(string file)
    {
        var path = Path.GetFullPath(file);
        return Directory.Exists(Path.GetDirectoryName(path)) && !Directory.Exists(path)
            ? path
            : throw new CliException($"{path} cannot be written: {(Directory.Exists(path) ? "it is a folder" : "its folder does not exist")}.");
    }

    private static string WriteOnnx(TrainedModel trained, string file)
    {
        var model = ModelSource.Build(trained.Spec, trained.Place);
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
        return file;
    }

    /// <summary>The file that a job puts beside its weights.</summary>
    private static string OptimizerState(TrainedModel trained)
    {
        var file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(trained.Weights))!, "optimizer.safetensors");
        return File.Exists(file)
            ? file
            : throw new CliException($"{trained.Place} has no optimizer state: there is no {file}.", remedy: "SGD without momentum keeps none.");
    }

    private static string Copy(string weights, string file)
    {
        if (Path.GetFullPath(weights) != file)
            File.Copy(weights, file, overwrite: true);
        return file;
    }

    /// <summary>What whoever runs the file must do to images, which the graph does not say.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Notes(TrainedModel trained)
    {
        var transform = ImageSource.TransformOf(trained.Spec.Data);
        yield return new("job", trained.Spec.Name);
        var then = transform.Mean is { Count: > 0 } ? ", then (pixel - mean) / std" : "";
        yield return new("input", $"(batch, channels, height, width); pixels from 0 to 1{then}");
        if (transform.Mean is { Count: > 0 } mean)
        {
            yield return new("mean", List(mean));
            yield return new("std", List(transform.Std!));
        }
    }

    private static string List(IEnumerable<double> numbers) => string.Join(", ", numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
}
