using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Training;

/// <summary>
/// All device memory of a network beside its states: flat gradients in the layout's order, the images, and one arena for activations and their gradients.
/// </summary>
internal sealed class NetworkMemory : IDisposable
{
    private readonly List<DeviceMemory> _allocations = [];
    private readonly Device _device;
    private readonly NetworkPlan _plan;
    private readonly StatePair _states;
    private readonly NetworkOptions _options;
    private readonly Dictionary<string, ParameterSlot> _slots;
    private readonly Tensor[] _buffers;

    public NetworkMemory(Device device, NetworkPlan plan, StatePair states, NetworkOptions options)
    {
        (_device, _plan, _states, _options) = (device, plan, states, options);
        var layout = states.Current.Layout;
        _slots = layout.Slots.ToDictionary(slot => slot.Name);
        if (options.Training)
        {
            Gradients = [.. Enumerable.Range(0, options.GradientBuffers).Select(_ => Allocate(layout.Elements))];
            Total = Allocate(layout.Elements);
        }

        _buffers = PlaceBuffers();
    }

    /// <summary>What a network would allocate beside its states.</summary>
    public static long Bytes(NetworkPlan plan, ParameterLayout layout, NetworkOptions options, long lossElements)
    {
        var flat = options.Training ? options.GradientBuffers + 1L : 0;
        var (own, arena) = Sizes(plan, options);
        return sizeof(float) * ((flat * layout.Elements) + own.Sum(buffer => buffer.Elements) + arena.Elements + lossElements);
    }

    public Tensor Total { get; }

    /// <summary>One flat buffer per local root, and those that parts of a batch need.</summary>
    public IReadOnlyList<Tensor> Gradients { get; } = [];

    public Tensor Input => At(_plan.Input);

    public Tensor Output => At(_plan.Output);

    /// <summary>The output of a node that is kept.</summary>
    public Tensor Kept(int node) => At(_plan.Kept[node]);

    public Tensor OutputGradient => At(_plan.OutputGradient);

    /// <summary>The context in which an operation's layer runs.</summary>
    /// <param name="products">In the network's precision.</param>
    /// <param name="freezesStatistics">Whether running statistics stay as they are.</param>
    public LayerContext Bind(Operation operation, IProducts products, bool freezesStatistics)
    {
        var node = operation.Node;
        var flat = new Shape(checked((int)(operation.Y?.Elements ?? operation.Dx!.Value.Elements)));
        var (previous, output) = operation.Previous;
        return new LayerContext(_device, node?.Input.Shape ?? flat, node?.Output.Shape ?? flat)
        {
            Products = products,
            FreezesStatistics = freezesStatistics,
            Index = (uint)operation.Index,
            Parameters = StateOf(node?.ParameterNames ?? []),
            Statistics = StateOf(node?.StatisticNames ?? []),
            X = At(operation.X),
            Factor = At(operation.Factor),
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
        IEnumerable<Tensor> weights = [.. _states.All.Select(state => state.Buffers[0]), .. _states.All.Where(state => state.HasAverage).Select(state => state.Buffers[^1])];
        return new LayerState(
            [.. weights.Select(values => slots.Select(slot => values.Slice(slot.Offset, slot.Elements)).ToArray())],
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
        var elements = ((_options.PassSamples - 1) * stride) + at.Elements;
        return _buffers[at.Buffer].Slice(at.Offset, elements) with { SampleStride = stride == at.Elements ? 0 : stride };
    }

    private Tensor[] PlaceBuffers()
    {
        var (own, (shared, offsets, elements)) = Sizes(_plan, _options);
        var arena = Allocate(elements);
        var buffers = new Tensor[_plan.Buffers.Count];
        foreach (var (buffer, size) in own)
        {
            buffers[buffer] = Allocate(size);
        }

        foreach (var (place, (buffer, size)) in shared.Select((sized, place) => (place, sized)))
        {
            buffers[buffer] = arena.Slice(offsets[place], size);
        }

        return buffers;
    }

    /// <summary>
    /// Buffers that are allocations of their own (the host looks at images and outputs, and a host view is of a whole allocation), and where the others lie in one arena.
    /// </summary>
    private static (List<(int Buffer, long Elements)> Own, (List<(int Buffer, long Elements)> Shared, long[] Offsets, long Elements) Arena) Sizes(
        NetworkPlan plan, NetworkOptions options)
    {
        var all = plan.Buffers
            .Select((buffer, i) => (Buffer: i, Elements: (buffer.PerSample * options.PassSamples) + (buffer.PerGroup * options.MaxGroups)))
            .ToLookup(sized => sized.Buffer == plan.Input.Buffer || sized.Buffer == plan.Output.Buffer || plan.Kept.Values.Any(kept => kept.Buffer == sized.Buffer));
        var (own, shared) = (all[true].ToList(), all[false].ToList());
        var (offsets, elements) = ArenaPlanner.Plan(
            [.. shared.Select(sized => new Lifetime(sized.Elements, plan.Buffers[sized.Buffer].First, plan.Buffers[sized.Buffer].Last))]);
        return (own, (shared, offsets, elements));
    }

    private Tensor Allocate(long elements)
    {
        var memory = _device.Allocate(elements);
        _allocations.Add(memory);
        return new Tensor(memory, 0, elements);
    }
}
