using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>
/// All device memory of a network: flat parameter buffers in the layout's order, the images, and one arena for activations and their gradients.
/// </summary>
internal sealed class NetworkMemory : IDisposable
{
    private readonly List<DeviceMemory> _allocations = [];
    private readonly Device _device;
    private readonly NetworkPlan _plan;
    private readonly NetworkOptions _options;
    private readonly Dictionary<string, ParameterSlot> _slots;
    private readonly Tensor[] _buffers;

    public NetworkMemory(Device device, NetworkPlan plan, ParameterLayout layout, NetworkOptions options, int stateBuffers)
    {
        (_device, _plan, _options) = (device, plan, options);
        _slots = layout.Slots.ToDictionary(slot => slot.Name);
        Weights = Allocate(layout.Elements);
        if (options.Training)
        {
            OptimizerState = stateBuffers == 0 ? default : Allocate((long)stateBuffers * layout.Elements);
            States = [.. Enumerable.Range(0, stateBuffers).Select(i => OptimizerState.Slice((long)i * layout.Elements, layout.Elements))];
            Gradients = [.. Enumerable.Range(0, options.MaxRoots).Select(_ => Allocate(layout.Elements))];
            Total = options.TotalInPlace ? Gradients[0] : Allocate(layout.Elements);
        }

        _buffers = PlaceBuffers();
    }

    public Tensor Weights { get; }

    public Tensor Total { get; }

    /// <summary>The optimizer's flat buffers one behind another; empty when there are none.</summary>
    public Tensor OptimizerState { get; }

    /// <summary>The same one by one.</summary>
    public IReadOnlyList<Tensor> States { get; } = [];

    /// <summary>One flat buffer per local root.</summary>
    public IReadOnlyList<Tensor> Gradients { get; } = [];

    public Tensor Input => At(_plan.Input);

    public Tensor Output => At(_plan.Output);

    public Tensor OutputGradient => At(_plan.OutputGradient);

    /// <summary>The context in which an operation's layer runs.</summary>
    public LayerContext Bind(Operation operation)
    {
        var node = operation.Node;
        var flat = new Shape(checked((int)(operation.Y?.Elements ?? operation.Dx!.Value.Elements)));
        var (previous, output) = operation.Previous;
        return new LayerContext(_device, node?.Input.Shape ?? flat, node?.Output.Shape ?? flat)
        {
            Index = (uint)operation.Index,
            Parameters = StateOf(node?.ParameterNames ?? []),
            Statistics = StateOf(node?.StatisticNames ?? []),
            X = At(operation.X),
            Y = At(operation.Y),
            Saved = operation.Saved is { } saved ? _buffers[saved.Buffer] : default,
            Dy = At(operation.Dy),
            Dx = At(operation.Dx),
            Epilogue = new OutputEpilogue(operation.Activation, At(operation.Addend)),
            DxEpilogue = new GradientEpilogue(previous, At(output), At(operation.DxAddend)),
        };
    }

    /// <summary>Memory that lives as long as the network.</summary>
    public Tensor AllocateMore(long elements) => Allocate(elements);

    public void Dispose() => _allocations.ForEach(memory => memory.Dispose());

    private LayerState StateOf(IEnumerable<string> names)
    {
        var slots = names.Select(name => _slots[name]).ToList();
        return new LayerState(
            [.. slots.Select(slot => Weights.Slice(slot.Offset, slot.Elements))],
            [.. slots.Select(slot => Gradients.Select(root => root.Slice(slot.Offset, slot.Elements)).ToArray())]);
    }

    private Tensor At(Variable? variable) => variable is null ? default : At(_plan.PlaceOf(variable));

    private Tensor At(Place? place)
    {
        if (place is not { } at)
        {
            return default;
        }

        var stride = _plan.Buffers[at.Buffer].PerSample;
        var elements = ((_options.MaxSamples - 1) * stride) + at.Elements;
        return _buffers[at.Buffer].Slice(at.Offset, elements) with { SampleStride = stride == at.Elements ? 0 : stride };
    }

    private Tensor[] PlaceBuffers()
    {
        var sizes = _plan.Buffers.Select(buffer => (buffer.PerSample * _options.MaxSamples) + (buffer.PerGroup * _options.MaxGroups)).ToArray();
        int[] own = _plan.Input.Buffer == _plan.Output.Buffer ? [_plan.Input.Buffer] : [_plan.Input.Buffer, _plan.Output.Buffer];
        var shared = Enumerable.Range(0, sizes.Length).Except(own).ToList();
        var (offsets, elements) = ArenaPlanner.Plan([.. shared.Select(i => new Lifetime(sizes[i], _plan.Buffers[i].First, _plan.Buffers[i].Last))]);
        var arena = Allocate(elements);
        var buffers = new Tensor[sizes.Length];
        foreach (var buffer in own)
        {
            buffers[buffer] = Allocate(sizes[buffer]); // the host looks at these, and a host view is of a whole allocation
        }

        foreach (var (place, i) in shared.Select((i, place) => (place, i)))
        {
            buffers[i] = arena.Slice(offsets[place], sizes[i]);
        }

        return buffers;
    }

    private Tensor Allocate(long elements)
    {
        var memory = _device.Allocate(elements);
        _allocations.Add(memory);
        return new Tensor(memory, 0, elements);
    }
}
