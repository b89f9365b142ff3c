using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training.Planning;

/// <summary>
/// Which layers run, in the graph's order. An activation disappears when the layer before it can apply it and its derivative follows from its output; a sum when the
/// layer that gives its later side can add the other one; a concatenation when its branches can write where it lies; views never run. What is kept is left as it is.
/// </summary>
internal sealed class ForwardPlanner
{
    private readonly Graph _graph;
    private readonly List<Operation> _operations = [];
    private readonly List<object> _events = [];
    private readonly Dictionary<Value, Variable> _variables = [];
    private readonly SortedDictionary<int, Variable> _kept = [];

    /// <param name="kept">Nodes whose outputs are to be there when all has run.</param>
    public ForwardPlanner(Model model, IReadOnlySet<int> kept)
    {
        _graph = model.Graph;
        Input = new Variable(model.Input.Elements, -1) { Readers = Readers(_graph.Input) };
        _variables.Add(_graph.Input, Input);
        for (var i = 0; i < _graph.Nodes.Count; i++)
        {
            Plan(_graph.Nodes[i], i);
            if (kept.Contains(i))
            {
                var variable = _variables[_graph.Nodes[i].Output];
                variable.Readers++; // Whoever looks at it: nobody takes it in.
                _kept.Add(i, variable);
            }
        }

        Output = _variables[model.Output];
    }

    public Variable Input { get; }

    public Variable Output { get; }

    /// <summary>By node.</summary>
    public IReadOnlyDictionary<int, Variable> Kept => _kept;

    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Operations, and concatenations as their variables, in the order in which they are complete.</summary>
    public IReadOnlyList<object> Events => _events;

    private void Plan(Node node, int index)
    {
        _variables.Add(node.Output, node switch
        {
            LayerNode { Layer.IsView: true } view => _variables[view.Input],
            LayerNode layer when CanBeTakenIn(layer) => TakeIn(layer),
            LayerNode layer => Run(layer.Layer, layer, index, _variables[layer.Input], null, layer.Output),
            SumNode sum => Add(sum, index),
            ProductNode product => Multiply(product, index),
            ConcatNode concat => Concatenate(concat, index),
            _ => throw new ArgumentException($"There is no plan for {node.GetType().Name}.", nameof(node)),
        });
    }

    private bool CanBeTakenIn(LayerNode node) =>
        node.Layer.Activation.HasDerivativeOfOutput
        && _variables[node.Input] is { Readers: 1, Writer: { Layer.TakesEpilogue: true, Activation.IsNone: true } };

    private Variable TakeIn(LayerNode node)
    {
        var variable = _variables[node.Input];
        variable.Writer!.Activation = node.Layer.Activation;
        variable.Readers = Readers(node.Output);
        return variable;
    }

    private Variable Run(Layer layer, LayerNode? node, int index, Variable x, Variable? addend, Value output, Variable? factor = null)
    {
        var variable = Run(layer, node, index, x, addend, output.Shape.Elements, factor);
        variable.Readers = Readers(output);
        return variable;
    }

    private Variable Run(Layer layer, LayerNode? node, int index, Variable x, Variable? addend, long elements, Variable? factor = null)
    {
        var operation = new Operation(layer, node, index) { X = x, Addend = addend, Factor = factor };
        operation.Y = new Variable(elements, _events.Count)
        {
            Writer = operation,
            IsTrained = node?.Parameters.Count > 0 || x.IsTrained || addend is { IsTrained: true } || factor is { IsTrained: true },
        };
        _operations.Add(operation);
        _events.Add(operation);
        return operation.Y;
    }

    private Variable Add(SumNode sum, int index)
    {
        var (left, right) = (_variables[sum.Left], _variables[sum.Right]);
        var (later, earlier) = left.Defined > right.Defined ? (left, right) : (right, left);
        if (later == earlier || later is not { Readers: 1, Writer: { Layer.TakesEpilogue: true, Activation.IsNone: true, Addend: null } writer })
        {
            return Run(Sum.Instance, null, index, left, right, sum.Output);
        }

        writer.Addend = earlier;
        later.Readers = Readers(sum.Output);
        later.IsTrained |= earlier.IsTrained;
        return later;
    }

    private Variable Multiply(ProductNode product, int index)
    {
        var channels = checked((int)product.Factor.Shape.Elements);
        var layer = new Product(channels, (int)(product.X.Shape.Elements / channels));
        return Run(layer, null, index, _variables[product.X], null, product.Output, _variables[product.Factor]);
    }

    private Variable Concatenate(ConcatNode concat, int index)
    {
        var parts = concat.Inputs.Select(input => Placeable(_variables[input], concat, index)).ToList();
        var whole = new Variable(concat.Output.Shape.Elements, _events.Count) { Readers = Readers(concat.Output) };
        var offset = 0L;
        foreach (var part in parts)
        {
            part.Part = (whole, offset);
            offset += part.Elements;
        }

        _events.Add(whole);
        return Variable.OfParts(whole, parts);
    }

    /// <summary>The variable itself, or a copy where it cannot lie in the concatenation: the model's input, what lies in another one, what comes twice.</summary>
    private Variable Placeable(Variable variable, ConcatNode concat, int index)
    {
        if (variable != Input && variable.Part is null && concat.Inputs.Count(input => _variables[input] == variable) == 1)
        {
            return variable;
        }

        var copy = Run(Sum.Instance, null, index, variable, null, variable.Elements);
        copy.Readers = 1;
        return copy;
    }

    /// <summary>Nodes that read a value, seen through views.</summary>
    private int Readers(Value value) => _graph.Nodes.Sum(node => node.Inputs.Count(input => input == value) switch
    {
        0 => 0,
        _ when node is LayerNode { Layer.IsView: true } => Readers(node.Output),
        var times => times,
    });
}
