using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>One layer that runs, and the buffers it works on (indices into <see cref="NetworkPlan.Buffers"/>; null: none).</summary>
/// <param name="Activation">The following activation layer, when this one applies it.</param>
/// <param name="Previous">The activation whose derivative this layer's backward multiplies into dx.</param>
internal sealed record Operation(Node Node, int X, int Y, Activation Activation, Activation Previous)
{
    public int? Dy { get; init; }

    public int? Dx { get; init; }

    /// <summary>Whether a backward pass comes by: the layer or one before it has parameters.</summary>
    public bool IsTrained => Dy is not null;
}

/// <summary>
/// What a network will do, as pure data: which layers run in which order, which activations their neighbours take in, and
/// for how long each buffer is needed.
/// </summary>
/// <remarks>
/// Time: operation i of n runs forward at i and backward at 2n - i; the loss is computed at n. A sigmoid disappears when the
/// layer before it can apply it and the layer behind it can multiply its derivative; a view never runs.
/// </remarks>
internal sealed class NetworkPlan
{
    private readonly Model _model;
    private readonly bool _training;
    private readonly List<Operation> _operations = [];
    private readonly List<Lifetime> _buffers = [];
    private readonly Dictionary<Value, int> _bufferOf = [];

    public NetworkPlan(Model model, bool training)
    {
        (_model, _training) = (model, training);
        Input = NewBuffer(model.Input);
        _bufferOf.Add(model.Graph.Input, Input);
        foreach (var node in model.Graph.Nodes)
        {
            PlanForward(node);
        }

        Logits = _bufferOf[model.Output];
        if (training)
        {
            PlanBackward();
        }

        Live();
    }

    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Elements per sample, and lifetimes.</summary>
    public IReadOnlyList<Lifetime> Buffers => _buffers;

    /// <summary>Buffer of the images; filled from outside, so it does not share memory.</summary>
    public int Input { get; }

    public int Logits { get; }

    /// <summary>Buffer of the logits' gradient, which the loss writes; null when the plan is not for training.</summary>
    public int? LogitsGradient { get; private set; }

    private void PlanForward(Node node)
    {
        var x = _bufferOf[node.Input];
        var writer = _operations.FindLastIndex(operation => operation.Y == x);
        if (node.Layer.IsView)
        {
            _bufferOf.Add(node.Output, x);
        }
        else if (writer >= 0 && IsTakenIn(node, _operations[writer]))
        {
            _operations[writer] = _operations[writer] with { Activation = node.Layer.Activation };
            _bufferOf.Add(node.Output, x);
        }
        else
        {
            var y = NewBuffer(node.Output.Shape);
            _bufferOf.Add(node.Output, y);
            var previous = writer >= 0 ? _operations[writer].Activation : Activation.None;
            _operations.Add(new Operation(node, x, y, Activation.None, previous));
        }
    }

    private bool IsTakenIn(Node node, Operation before) =>
        node.Layer.Activation != Activation.None
        && before.Activation == Activation.None
        && before.Node.Layer.TakesActivation
        && Readers(before.Node.Output).Count() == 1
        && (!_training || (Readers(node.Output).Any() && Readers(node.Output).All(reader => reader.Layer.TakesDerivative)));

    /// <summary>The layers that read a value, seen through views.</summary>
    private IEnumerable<Node> Readers(Value value) => _model.Graph.Nodes
        .Where(node => node.Input == value)
        .SelectMany(node => node.Layer.IsView ? Readers(node.Output) : [node]);

    private void PlanBackward()
    {
        var gradientOf = new Dictionary<int, int>();
        var first = _operations.FindIndex(operation => operation.Node.Parameters.Count > 0);
        for (var i = first; i < _operations.Count; i++)
        {
            var y = _operations[i].Y;
            gradientOf.Add(y, NewBuffer(_operations[i].Node.Output.Shape));
            _operations[i] = _operations[i] with
            {
                Dy = gradientOf[y],
                Dx = gradientOf.TryGetValue(_operations[i].X, out var dx) ? dx : null,
            };
        }

        LogitsGradient = gradientOf[Logits];
    }

    private int NewBuffer(Shape shape)
    {
        _buffers.Add(new Lifetime(shape.Elements, int.MaxValue, int.MinValue));
        return _buffers.Count - 1;
    }

    private void Live()
    {
        var loss = _operations.Count;
        for (var i = 0; i < loss; i++)
        {
            var (operation, backward) = (_operations[i], (2 * loss) - i);
            Use(operation.X, i);
            Use(operation.Y, i);
            Use(operation.Dy, backward);
            Use(operation.Dx, backward);
            if (operation.IsTrained && (operation.Node.Layer.BackwardReadsInput || operation.Previous != Activation.None))
            {
                Use(operation.X, backward);
            }

            if (operation.IsTrained && operation.Node.Layer.BackwardReadsOutput)
            {
                Use(operation.Y, backward);
            }
        }

        Use(Logits, loss);
        Use(LogitsGradient, loss);
    }

    private void Use(int? buffer, int time)
    {
        if (buffer is { } index)
        {
            var life = _buffers[index];
            _buffers[index] = life with { First = Math.Min(life.First, time), Last = Math.Max(life.Last, time) };
        }
    }
}
