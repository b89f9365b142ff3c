using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Formats.Onnx;

/// <summary>Says each node of a model's graph in operators of opset 17. Tensors keep their torch.nn names.</summary>
/// <param name="tensors">Weights and running statistics by name.</param>
internal sealed class OnnxTranslator(Model model, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors)
{
    private readonly OnnxGraph _graph = new();
    private readonly Dictionary<Value, string> _names = [];

    public ProtoMessage Graph()
    {
        _names[model.Graph.Input] = OnnxFile.InputName;
        foreach (var node in model.Graph.Nodes)
        {
            _graph.Scope = (node as LayerNode)?.Name ?? "";
            var inputs = node.Inputs.Select(input => _names[input]).ToArray();
            _names[node.Output] = node switch
            {
                LayerNode layer => Translate(layer, inputs[0]),
                SumNode => _graph.Add("Add", inputs),
                ConcatNode => _graph.Add("Concat", inputs, ("axis", 1L)),
                _ => throw new NotSupportedException($"ONNX export has no form for {node.GetType().Name}."),
            };
        }

        return _graph.Build("model", (OnnxFile.InputName, model.Input), (OnnxFile.OutputName, model.OutputShape), _names[model.Output]);
    }

    private string Translate(LayerNode node, string x) => node.Layer switch
    {
        Conv2d conv => Conv(conv, node, x),
        Linear => _graph.Add("Gemm", [x, .. Parameters(node)], ("transB", 1L)),
        MaxPool2d pool => OnnxPools.Max(_graph, pool, node, x),
        AvgPool2d pool => OnnxPools.Average(_graph, pool, node, x),
        AdaptiveAvgPool2d pool => OnnxPools.AdaptiveAverage(_graph, pool, node, x),
        AdaptiveMaxPool2d pool => OnnxPools.AdaptiveMax(_graph, pool, node, x),
        BatchNorm norm => BatchNormalization(norm, node, x),
        GroupNorm norm => GroupNormalization(norm, node, x),
        Flatten => _graph.Add("Flatten", [x], ("axis", 1L)),
        Dropout => x,
        ReLU => _graph.Add("Relu", [x]),
        LeakyReLU leaky => _graph.Add("LeakyRelu", [x], ("alpha", (float)leaky.NegativeSlope)),
        Sigmoid => _graph.Add("Sigmoid", [x]),
        Tanh => _graph.Add("Tanh", [x]),
        GELU gelu => gelu.Approximate ? GeluTanh(x) : Gelu(x),
        SiLU => _graph.Add("Mul", [x, _graph.Add("Sigmoid", [x])]),
        LogSoftmax => _graph.Add("LogSoftmax", [x], ("axis", 1L)),
        Softmax => _graph.Add("Softmax", [x], ("axis", 1L)),
        _ => throw new ModelException(node.Path, $"ONNX export has no form for {node.Layer.Kind}"),
    };

    private string Conv(Conv2d conv, LayerNode node, string x)
    {
        var (before, after) = conv.SamePadding ? SamePads(conv) : (conv.Padding, conv.Padding);
        return _graph.Add(
            "Conv",
            [x, .. Parameters(node)],
            ("kernel_shape", Long(conv.KernelSize)),
            ("strides", Long(conv.Stride)),
            ("dilations", Long(conv.Dilation)),
            ("pads", new long[] { before.Height, before.Width, after.Height, after.Width }),
            ("group", (long)conv.Groups));
    }

    /// <summary>The odd row or column comes last.</summary>
    private static (Size2 Before, Size2 After) SamePads(Conv2d conv)
    {
        var (rows, columns) = (conv.Dilation.Height * (conv.KernelSize.Height - 1), conv.Dilation.Width * (conv.KernelSize.Width - 1));
        return (new Size2(rows / 2, columns / 2), new Size2(rows - (rows / 2), columns - (columns / 2)));
    }

    private string BatchNormalization(BatchNorm norm, LayerNode node, string x)
    {
        var channels = node.Input.Shape[0];
        string[] affine = norm.Affine ? Parameters(node) : [Channels("weight", channels, 1), Channels("bias", channels, 0)];
        var statistics = node.Statistics.Select(statistic => Tensor(node, statistic.Name, statistic.Shape));
        return _graph.Add("BatchNormalization", [x, .. affine, .. statistics], ("epsilon", (float)norm.Eps));
    }

    /// <summary>Opset 17 normalises instances, so groups become the channels of another shape; weight and bias follow in the old one.</summary>
    private string GroupNormalization(GroupNorm norm, LayerNode node, string x)
    {
        var groups = norm.NumGroups;
        var shape = node.Input.Shape;
        var grouped = _graph.Add("Reshape", [x, _graph.Constant("groups", 0, groups, -1)]);
        var normal = _graph.Add(
            "InstanceNormalization", [grouped, Channels("ones", groups, 1), Channels("zeros", groups, 0)], ("epsilon", (float)norm.Eps));
        var back = _graph.Add("Reshape", [normal, _graph.Constant("shape", [0, .. shape.Dimensions.Select(dimension => (long)dimension)])]);
        if (!norm.Affine)
        {
            return back;
        }

        var perChannel = new Shape([shape[0], .. Enumerable.Repeat(1, shape.Rank - 1)]);
        return _graph.Add("Add", [_graph.Add("Mul", [back, Tensor(node, "weight", perChannel)]), Tensor(node, "bias", perChannel)]);
    }

    /// <summary>x (1 + erf(x / sqrt 2)) / 2; opset 17 has no Gelu.</summary>
    private string Gelu(string x) => HalfTimes(x, _graph.Add("Erf", [_graph.Add("Mul", [x, _graph.Scalar("scale", (float)Math.Sqrt(0.5))])]));

    /// <summary>x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2</summary>
    private string GeluTanh(string x)
    {
        var cube = _graph.Add("Mul", [_graph.Add("Mul", [x, x]), x]);
        var inner = _graph.Add("Add", [x, _graph.Add("Mul", [cube, _graph.Scalar("cubic", 0.044715f)])]);
        return HalfTimes(x, _graph.Add("Tanh", [_graph.Add("Mul", [inner, _graph.Scalar("scale", (float)Math.Sqrt(2 / Math.PI))])]));
    }

    private string HalfTimes(string x, string odd) =>
        _graph.Add("Mul", [_graph.Add("Mul", [x, _graph.Scalar("half", 0.5f)]), _graph.Add("Add", [odd, _graph.Scalar("one", 1)])]);

    private string[] Parameters(LayerNode node) => [.. node.Parameters.Select(parameter => Tensor(node, parameter.Name, parameter.Shape))];

    private string Tensor(LayerNode node, string name, Shape shape)
    {
        var full = node.NameOf(name);
        return _graph.Tensor(full, shape, tensors[full]);
    }

    private string Channels(string name, int channels, float value)
    {
        var values = new float[channels];
        values.AsSpan().Fill(value);
        return _graph.Constant(name, new Shape(channels), values);
    }

    private static long[] Long(Size2 size) => [size.Height, size.Width];
}
