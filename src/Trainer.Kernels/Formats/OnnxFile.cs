using System.Globalization;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Onnx;

namespace Trainer.Kernels.Formats;

/// <summary>Models as ONNX files (onnx.ai), opset 17, as they are in evaluation: (batch, C, H, W) in, any batch size.</summary>
public static class OnnxFile
{
    public const int Opset = 17;

    public const string InputName = "input";

    public const string OutputName = "output";

    // ONNX 1.12, which brought opset 17.
    private const int IrVersion = 8;

    // protobuf's limit; larger models would need their tensors in files beside it.
    private const long MaxBytes = int.MaxValue;

    /// <summary>Writes a model with its weights, atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">What it computes.</param>
    /// <param name="weights">Weights and running statistics as <see cref="ParameterLayout.Of"/> lays them out.</param>
    /// <param name="notes">Written into the file's metadata: what the numbers mean, for those who find only the file.</param>
    /// <exception cref="ModelException">With the path of a layer that opset 17 cannot say.</exception>
    public static void Write(string path, Model model, ReadOnlyMemory<float> weights, IEnumerable<KeyValuePair<string, string>>? notes = null)
    {
        var layout = ParameterLayout.Of(model);
        if (weights.Length < layout.Elements)
        {
            throw new ArgumentException($"{weights.Length} weights for a layout of {layout.Elements} elements.", nameof(weights));
        }

        var tensors = layout.Slots.ToDictionary(slot => slot.Name, slot => weights.Slice(slot.Offset, slot.Elements), StringComparer.Ordinal);
        var message = ModelProto(Graph(model, tensors), notes ?? []);
        if (message.Size > MaxBytes)
        {
            throw new ModelException("layers", string.Create(CultureInfo.InvariantCulture, $"{message.Size} bytes; an ONNX file has at most {MaxBytes}"));
        }

        using var file = new AtomicFile(path);
        using (var buffered = new BufferedStream(file.Stream, 1 << 16))
        {
            message.WriteTo(buffered);
            buffered.Flush();
            file.Commit();
        }
    }

    /// <summary>Each node in its own words, one after another.</summary>
    private static ProtoMessage Graph(Model model, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors)
    {
        var graph = new OnnxGraph();
        var names = new Dictionary<Value, string> { [model.Graph.Input] = InputName };
        foreach (var node in model.Graph.Nodes)
        {
            graph.Scope = "";
            names[node.Output] = node.ToOnnx(graph, [.. node.Inputs.Select(input => names[input])], tensors);
        }

        return graph.Build("model", (InputName, model.Input), (OutputName, model.OutputShape), names[model.Output]);
    }

    private static ProtoMessage ModelProto(ProtoMessage graph, IEnumerable<KeyValuePair<string, string>> notes)
    {
        var opset = new ProtoMessage().Add(1, "").Add(2, Opset);
        var message = new ProtoMessage().Add(1, IrVersion).Add(2, "Trainer").Add(7, graph).Add(8, opset);
        foreach (var (key, value) in notes)
        {
            message.Add(14, new ProtoMessage().Add(1, key).Add(2, value));
        }

        return message;
    }
}
