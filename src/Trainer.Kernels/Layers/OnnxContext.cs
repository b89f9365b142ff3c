using Trainer.Kernels.Onnx;

namespace Trainer.Kernels.Layers;

/// <summary>One layer's place in an ONNX graph under construction. Tensors keep their torch.nn names.</summary>
/// <param name="graph">Takes the operators.</param>
/// <param name="node">The layer in its place.</param>
/// <param name="tensors">Weights and running statistics of the whole model by name.</param>
internal sealed class OnnxContext(OnnxGraph graph, LayerNode node, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors)
{
    public OnnxGraph Graph => graph;

    /// <summary>Per-sample shape of x.</summary>
    public Shape Input => node.Input.Shape;

    /// <summary>Per-sample shape of y.</summary>
    public Shape Output => node.Output.Shape;

    /// <summary>The names of all parameters, which are added to the graph.</summary>
    public string[] Parameters => [.. node.Parameters.Select(parameter => Tensor(parameter.Name, parameter.Shape))];

    /// <summary>The names of all statistics, likewise.</summary>
    public string[] Statistics => [.. node.Statistics.Select(statistic => Tensor(statistic.Name, statistic.Shape))];

    /// <summary>Adds one parameter or statistic under another shape.</summary>
    public string Tensor(string name, Shape shape)
    {
        var full = node.NameOf(name);
        return graph.Tensor(full, shape, tensors[full]);
    }

    /// <summary>Adds one value for each channel, always the same.</summary>
    public string Channels(string name, int channels, float value)
    {
        var values = new float[channels];
        values.AsSpan().Fill(value);
        return graph.Constant(name, new Shape(channels), values);
    }

    /// <summary>Adds rows and columns before and behind those of x.</summary>
    public string Pad(string x, Size2 start, Size2 end, float value)
    {
        var amounts = graph.Constant("pads", 0, 0, start.Height, start.Width, 0, 0, end.Height, end.Width);
        return graph.Add("Pad", [x, amounts, graph.Scalar("padding", value)]);
    }

    public static long[] Pads(Size2 start, Size2 end) => [start.Height, start.Width, end.Height, end.Width];

    public ModelException Refuse(string problem) => new(node.Path, problem);
}
