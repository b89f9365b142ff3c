using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>A tensor that flows between layers: the model's input, or the output of one layer. Shape per sample.</summary>
internal sealed record Value(int Index, Shape Shape);

/// <summary>One layer in its place: what it reads, what it gives, and its parameters.</summary>
/// <param name="Name">As torch.nn names the module: <c>3</c>, within containers <c>2.0</c>.</param>
internal sealed record Node(Layer Layer, string Name, Value Input, Value Output, IReadOnlyList<Parameter> Parameters)
{
    /// <summary>As torch.nn names them: <c>3.weight</c>.</summary>
    public IEnumerable<string> ParameterNames => Parameters.Select(parameter => $"{Name}.{parameter.Name}");
}

/// <summary>The static graph of a model, filled by its modules in the order in which they run; shapes are checked on the way.</summary>
internal sealed class Graph
{
    private readonly List<Node> _nodes = [];
    private string _name = "";
    private string _path = "";
    private int _values = 1;

    public Graph(Shape input) => Input = new Value(0, input);

    public Value Input { get; }

    /// <summary>In the order in which they run.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Adds child number <paramref name="index"/> of the container at hand.</summary>
    public Value AddChild(int index, Module child, Value input)
    {
        var (name, path) = (_name, _path);
        _name = name.Length == 0 ? $"{index}" : $"{name}.{index}";
        _path = path.Length == 0 ? $"layers[{index}].{child.Kind}" : $"{path}.layers[{index}].{child.Kind}";
        var output = child.AddTo(this, input);
        (_name, _path) = (name, path);
        return output;
    }

    public Value Add(Layer layer, Value input)
    {
        try
        {
            var output = new Value(_values++, layer.OutputShape(input.Shape));
            CheckSize("its output", output.Shape);
            var parameters = layer.Parameters(input.Shape);
            foreach (var parameter in parameters)
            {
                CheckSize($"its {parameter.Name}", parameter.Shape);
            }

            _nodes.Add(new Node(layer, _name, input, output, parameters));
            return output;
        }
        catch (LayerException refused)
        {
            throw new ModelException(refused.Option is null ? _path : $"{_path}.{refused.Option}", refused.Message);
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
