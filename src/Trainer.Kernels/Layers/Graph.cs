using System.Text.RegularExpressions;
using Trainer.Kernels.Onnx;

namespace Trainer.Kernels.Layers;

/// <summary>A tensor that flows between layers: the model's input, or the output of one node. Shape per sample.</summary>
internal sealed record Value(int Index, Shape Shape);

/// <summary>One computation: it reads values that nodes before it gave, and gives one.</summary>
internal abstract record Node(IReadOnlyList<Value> Inputs, Value Output)
{
    /// <summary>As a table of layers shows it.</summary>
    public abstract string Kind { get; }

    /// <summary>Says it in operators of ONNX's opset 17 and returns the name of its output.</summary>
    /// <param name="graph">Takes the operators.</param>
    /// <param name="inputs">The names of the inputs.</param>
    /// <param name="tensors">Weights and running statistics of the whole model by name.</param>
    /// <exception cref="ModelException">Opset 17 cannot say it.</exception>
    public abstract string ToOnnx(OnnxGraph graph, string[] inputs, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors);
}

/// <summary>One layer in its place, with its parameters and statistics.</summary>
/// <param name="Name">As torch.nn names the module: <c>3</c>, within containers <c>2.0</c>.</param>
/// <param name="Path">As errors name it: <c>layers[2].sequential.layers[0].conv2d</c>.</param>
internal sealed record LayerNode(
    Layer Layer, string Name, string Path, Value Input, Value Output, IReadOnlyList<Parameter> Parameters, IReadOnlyList<Statistic> Statistics)
    : Node([Input], Output)
{
    /// <summary>As torch.nn names them: <c>3.weight</c>.</summary>
    public IEnumerable<string> ParameterNames => Parameters.Select(parameter => NameOf(parameter.Name));

    /// <summary>Likewise: <c>4.running_mean</c>.</summary>
    public IEnumerable<string> StatisticNames => Statistics.Select(statistic => NameOf(statistic.Name));

    public override string Kind => Layer.Kind;

    public string NameOf(string tensor) => Name.Length == 0 ? tensor : $"{Name}.{tensor}";

    public override string ToOnnx(OnnxGraph graph, string[] inputs, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors)
    {
        graph.Scope = Name;
        return Layer.ToOnnx(new OnnxContext(graph, this, tensors), inputs[0]);
    }
}

/// <summary>left + right, element by element.</summary>
internal sealed record SumNode(Value Left, Value Right, Value Output) : Node([Left, Right], Output)
{
    public override string Kind => "sum";

    public override string ToOnnx(OnnxGraph graph, string[] inputs, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors) => graph.Add("Add", inputs);
}

/// <summary>x times factor, element by element; a factor of (C,1,1) beside a larger x multiplies whole channels.</summary>
internal sealed record ProductNode(Value X, Value Factor, Value Output) : Node([X, Factor], Output)
{
    public override string Kind => "multiply";

    public override string ToOnnx(OnnxGraph graph, string[] inputs, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors) => graph.Add("Mul", inputs);
}

/// <summary>Its inputs, one behind another along the channels.</summary>
internal sealed record ConcatNode(IReadOnlyList<Value> Inputs, Value Output) : Node(Inputs, Output)
{
    public override string Kind => "concat";

    public override string ToOnnx(OnnxGraph graph, string[] inputs, IReadOnlyDictionary<string, ReadOnlyMemory<float>> tensors) =>
        graph.Add("Concat", inputs, ("axis", 1L));
}

/// <summary>The static graph of a model, filled by its modules in the order in which they run; shapes are checked on the way.</summary>
internal sealed partial class Graph
{
    private readonly List<Node> _nodes = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private string _name = "";
    private string _path = "";
    private int _values = 1;

    public Graph(Shape input) => Input = new Value(0, input);

    public Value Input { get; }

    /// <summary>In the order in which they run.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    public IEnumerable<LayerNode> Layers => _nodes.OfType<LayerNode>();

    /// <summary>Adds the children in <paramref name="list"/> of the container at hand, one behind another; the first one's number is <paramref name="firstNumber"/>.</summary>
    public Value AddChildren(string list, int firstNumber, IReadOnlyList<Module> children, Value input)
    {
        var (name, path) = (_name, _path);
        for (var i = 0; i < children.Count; i++)
        {
            var child = children[i];
            CheckName(child.Name, path.Length == 0 ? $"{list}[{i}]" : $"{path}.{list}[{i}]");
            var own = child.Name ?? $"{firstNumber + i}";
            _name = name.Length == 0 ? own : $"{name}.{own}";
            _path = path.Length == 0 ? $"{list}[{i}].{child.Kind}" : $"{path}.{list}[{i}].{child.Kind}";
            input = child.AddTo(this, input);
        }

        (_name, _path) = (name, path);
        return input;
    }

    public Value Add(Layer layer, Value input)
    {
        try
        {
            var output = NewValue(layer.OutputShape(input.Shape));
            var node = new LayerNode(layer, _name, _path, input, output, layer.Parameters(input.Shape), layer.Statistics(input.Shape));
            foreach (var parameter in node.Parameters)
            {
                CheckSize($"its {parameter.Name}", parameter.Shape);
            }

            CheckNames(node);
            _nodes.Add(node);
            return output;
        }
        catch (LayerException refused)
        {
            throw refused.Option is null ? new ModelException(_path, refused.Message) : Refuse(refused.Option, refused.Message);
        }
    }

    public Value AddSum(Value left, Value right)
    {
        if (left.Shape != right.Shape)
        {
            throw new ModelException(_path, $"its layers give {left.Shape}, its shortcut {right.Shape}; expected equal shapes to add");
        }

        var sum = new SumNode(left, right, NewValue(left.Shape));
        _nodes.Add(sum);
        return sum.Output;
    }

    /// <param name="branch">Of the right side.</param>
    public Value AddProduct(Value left, Value right, int branch)
    {
        var isLeftGate = IsGate(left.Shape, right.Shape);
        if (left.Shape != right.Shape && !isLeftGate && !IsGate(right.Shape, left.Shape))
        {
            throw Refuse(
                $"branches[{branch}]",
                $"gives {right.Shape}, what is before it {left.Shape}; expected equal shapes, or as many channels of one pixel beside an image");
        }

        var (x, factor) = isLeftGate ? (right, left) : (left, right);
        var product = new ProductNode(x, factor, NewValue(x.Shape));
        _nodes.Add(product);
        return product.Output;
    }

    public Value AddConcat(IReadOnlyList<Value> inputs)
    {
        var first = inputs[0].Shape;
        for (var i = 0; i < inputs.Count; i++)
        {
            var shape = inputs[i].Shape;
            if (shape.Rank == 0 || !shape.Dimensions.Skip(1).SequenceEqual(first.Dimensions.Skip(1)))
            {
                throw Refuse($"branches[{i}]", $"gives {shape}, the first branch {first}; expected the same sizes behind the channels");
            }
        }

        if (inputs.Count == 1)
        {
            return inputs[0];
        }

        var channels = checked((int)inputs.Sum(input => (long)input.Shape[0]));
        var concat = new ConcatNode(inputs, NewValue(new Shape([channels, .. first.Dimensions.Skip(1)])));
        _nodes.Add(concat);
        return concat.Output;
    }

    public ModelException Refuse(string option, string problem) => new($"{_path}.{option}", problem);

    private static bool IsGate(Shape gate, Shape image) =>
        gate.Rank == 3 && image.Rank == 3 && gate != image && gate[0] == image[0] && gate[1] == 1 && gate[2] == 1;

    private Value NewValue(Shape shape)
    {
        CheckSize("its output", shape);
        return new Value(_values++, shape);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ModuleName();

    private static void CheckName(string? name, string path)
    {
        if (name is not null && !ModuleName().IsMatch(name))
        {
            throw new ModelException($"{path}.name", $"'{name}' is no name; expected 1 to 64 letters, digits and underscores");
        }
    }

    private void CheckNames(LayerNode node)
    {
        foreach (var name in node.ParameterNames.Concat(node.StatisticNames))
        {
            if (!_names.Add(name))
            {
                throw new LayerException($"its {name} has the name of another layer's: name the modules of a container differently");
            }
        }
    }

    private static void CheckSize(string what, Shape shape)
    {
        if (shape.Dimensions.Aggregate(1.0, (product, dimension) => product * dimension) > int.MaxValue)
        {
            throw new LayerException($"{what} {shape} has more than 2^31 - 1 elements");
        }
    }
}
