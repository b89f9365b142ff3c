using System.Runtime.InteropServices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training.Planning;

/// <summary>A block of memory that a pass uses from one moment to another; sizes for each sample and for each batch norm group.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PlannedBuffer(long PerSample, long PerGroup = 0, int First = int.MaxValue, int Last = int.MinValue);

/// <summary>
/// What a network will do, as pure data: which layers run in which order forward and backward, where their tensors lie, and
/// for how long each buffer is needed.
/// </summary>
/// <remarks>Time: forward operation i runs at i, the loss of n operations at n, backward operation j at n + 1 + j.</remarks>
internal sealed class NetworkPlan
{
    private readonly List<PlannedBuffer> _buffers = [];
    private readonly Dictionary<Variable, int> _bufferOf = [];

    /// <param name="kept">Nodes whose outputs are to be there behind a pass that evaluates; null: none but the last.</param>
    public NetworkPlan(Model model, bool training, IReadOnlySet<int>? kept = null)
    {
        var forward = new ForwardPlanner(model, kept ?? new HashSet<int>());
        Forward = forward.Operations;
        Input = PlaceOf(forward.Input);
        Output = PlaceOf(forward.Output);
        Kept = forward.Kept.ToDictionary(node => node.Key, node => PlaceOf(node.Value));
        if (training)
        {
            var backward = new BackwardPlanner(forward, NewBuffer);
            (Backward, OutputGradient) = (backward.Operations, backward.OutputGradient);
            foreach (var operation in backward.Operations.Where(operation => operation.Node is not null))
            {
                PlaceSaved(operation);
            }
        }

        Live();
    }

    public IReadOnlyList<Operation> Forward { get; }

    public IReadOnlyList<Operation> Backward { get; } = [];

    public IReadOnlyList<PlannedBuffer> Buffers => _buffers;

    /// <summary>The images; filled from outside, so their buffer shares no memory.</summary>
    public Place Input { get; }

    public Place Output { get; }

    /// <summary>By node. Nothing is written over them.</summary>
    public IReadOnlyDictionary<int, Place> Kept { get; }

    /// <summary>The output's gradient, which the loss writes; null when the plan is not for training.</summary>
    public Place? OutputGradient { get; }

    public Place PlaceOf(Variable variable)
    {
        var (root, offset) = (variable, 0L);
        while (root.Part is { } part)
        {
            (root, offset) = (part.Whole, offset + part.Offset);
        }

        if (!_bufferOf.TryGetValue(root, out var buffer))
        {
            _bufferOf[root] = buffer = NewBuffer(root.Elements).Buffer;
        }

        return new Place(buffer, offset, variable.Elements);
    }

    private Place NewBuffer(long elements)
    {
        _buffers.Add(new PlannedBuffer(elements));
        return new Place(_buffers.Count - 1, 0, elements);
    }

    private void PlaceSaved(Operation operation)
    {
        var size = operation.Layer.Saved(operation.Node!.Input.Shape);
        if (size != default)
        {
            _buffers.Add(new PlannedBuffer(size.PerSample, size.PerGroup));
            operation.Saved = new Place(_buffers.Count - 1, 0, size.PerSample);
        }
    }

    private void Live()
    {
        for (var i = 0; i < Forward.Count; i++)
        {
            UseForward(Forward[i], i);
        }

        Use(Output, Forward.Count);
        Use(OutputGradient, Forward.Count);
        for (var i = 0; i < Backward.Count; i++)
        {
            UseBackward(Backward[i], Forward.Count + 1 + i);
        }
    }

    private void UseForward(Operation operation, int time)
    {
        Use(operation.X, time);
        Use(operation.Factor, time);
        Use(operation.Addend, time);
        Use(operation.Y, time);
        Use(operation.Saved, time);
    }

    private void UseBackward(Operation operation, int time)
    {
        Use(operation.Dy, time);
        Use(operation.Dx, time);
        Use(operation.DxAddend, time);
        Use(operation.Factor, time);
        Use(operation.Previous.Output, time);
        Use(operation.Saved, time);
        Use(operation.Layer.BackwardReadsInput ? operation.X : null, time);
        Use(operation.Layer.BackwardReadsOutput ? operation.Y : null, time);
    }

    private void Use(Variable? variable, int time)
    {
        if (variable is not null)
        {
            Use(PlaceOf(variable), time);
        }
    }

    private void Use(Place? place, int time)
    {
        if (place is { } used)
        {
            var life = _buffers[used.Buffer];
            _buffers[used.Buffer] = life with { First = Math.Min(life.First, time), Last = Math.Max(life.Last, time) };
        }
    }
}
