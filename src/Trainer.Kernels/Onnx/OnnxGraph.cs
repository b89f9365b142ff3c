namespace Trainer.Kernels.Onnx;

/// <summary>An option of a node: a float, a whole number (long) or a list of them (long[]).</summary>
internal readonly record struct OnnxAttribute(string Name, object Value)
{
    public static implicit operator OnnxAttribute((string Name, object Value) pair) => new(pair.Name, pair.Value);
}

/// <summary>A graph of ONNX operators (github.com/onnx/onnx, onnx.proto3) under construction. Values are known by name.</summary>
internal sealed class OnnxGraph
{
    private const int Float = 1;
    private const int Int64 = 7;

    private readonly List<Node> _nodes = [];
    private readonly List<ProtoMessage> _initializers = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>What the names of nodes, values and constants begin with: the layer that they come from.</summary>
    public string Scope { get; set; } = "";

    /// <summary>Adds an operator with one output, whose name it returns.</summary>
    public string Add(string op, string[] inputs, params OnnxAttribute[] attributes)
    {
        var name = Unique(op);
        _nodes.Add(new Node(op, name, inputs, name, attributes));
        return name;
    }

    /// <summary>A tensor under its own name.</summary>
    public string Tensor(string name, Shape shape, ReadOnlyMemory<float> values)
    {
        _names.Add(name);
        _initializers.Add(Head(name, shape.Dimensions.Select(dimension => (long)dimension), Float).Add(9, values));
        return name;
    }

    public string Constant(string name, Shape shape, float[] values) => Tensor(Unique(name), shape, values);

    public string Scalar(string name, float value)
    {
        var unique = Unique(name);
        _initializers.Add(Head(unique, [], Float).Add(9, new[] { value }.AsMemory()));
        return unique;
    }

    public string Constant(string name, params long[] values)
    {
        var unique = Unique(name);
        _initializers.Add(Head(unique, [values.Length], Int64).Add(9, values.AsSpan()));
        return unique;
    }

    /// <summary>GraphProto: one input and one output, whose first dimension is the batch and open.</summary>
    /// <param name="last">The value that is the output.</param>
    public ProtoMessage Build(string name, (string Name, Shape Shape) input, (string Name, Shape Shape) output, string last)
    {
        var producer = _nodes.FindIndex(node => node.Output == last);
        if (producer < 0) // the output is the input or a constant
        {
            Scope = "";
            last = Add("Identity", [last]);
            producer = _nodes.Count - 1;
        }

        _nodes[producer] = _nodes[producer] with { Output = output.Name };
        var graph = new ProtoMessage();
        foreach (var node in _nodes)
        {
            graph.Add(1, node.Build());
        }

        graph.Add(2, name);
        _initializers.ForEach(initializer => graph.Add(5, initializer));
        return graph.Add(11, ValueInfo(input)).Add(12, ValueInfo(output));
    }

    private static ProtoMessage Head(string name, IEnumerable<long> dimensions, int type)
    {
        var tensor = new ProtoMessage();
        foreach (var dimension in dimensions)
        {
            tensor.Add(1, dimension);
        }

        return tensor.Add(2, type).Add(8, name);
    }

    /// <summary>ValueInfoProto { name, type { tensor_type { elem_type, shape { dim } } } }</summary>
    private static ProtoMessage ValueInfo((string Name, Shape Shape) value)
    {
        var shape = new ProtoMessage().Add(1, new ProtoMessage().Add(2, "batch"));
        foreach (var dimension in value.Shape.Dimensions)
        {
            shape.Add(1, new ProtoMessage().Add(1, dimension));
        }

        return new ProtoMessage().Add(1, value.Name).Add(2, new ProtoMessage().Add(1, new ProtoMessage().Add(1, Float).Add(2, shape)));
    }

    private string Unique(string word)
    {
        var name = Scope.Length == 0 ? word : $"{Scope}/{word}";
        for (var i = 1; !_names.Add(name); i++)
        {
            name = Scope.Length == 0 ? $"{word}_{i}" : $"{Scope}/{word}_{i}";
        }

        return name;
    }

    private sealed record Node(string Op, string Name, string[] Inputs, string Output, OnnxAttribute[] Attributes)
    {
        /// <summary>NodeProto</summary>
        public ProtoMessage Build()
        {
            var node = new ProtoMessage();
            foreach (var input in Inputs)
            {
                node.Add(1, input);
            }

            node.Add(2, Output).Add(3, Name).Add(4, Op);
            foreach (var attribute in Attributes)
            {
                node.Add(5, Build(attribute));
            }

            return node;
        }

        /// <summary>AttributeProto</summary>
        private static ProtoMessage Build(OnnxAttribute attribute)
        {
            const int floatType = 1, intType = 2, intsType = 7;
            var message = new ProtoMessage().Add(1, attribute.Name);
            switch (attribute.Value)
            {
                case float number:
                    return message.Add(2, number).Add(20, floatType);
                case long number:
                    return message.Add(3, number).Add(20, intType);
                case long[] numbers:
                    foreach (var number in numbers)
                    {
                        message.Add(8, number);
                    }

                    return message.Add(20, intsType);
                default:
                    throw new NotSupportedException($"Attribute {attribute.Name} is a {attribute.Value.GetType().Name}.");
            }
        }
    }
}
