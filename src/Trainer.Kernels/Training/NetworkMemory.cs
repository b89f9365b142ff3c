using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Training;

/// <summary>
/// All device memory of a network: flat parameter buffers in the layout's order, the images, and one arena for activations and their gradients.
/// </summary>
internal sealed class NetworkMemory : IDisposable
{
    private readonly List<DeviceMemory> _allocations = [];
    private readonly Device _device;
    private readonly NetworkPlan _plan;
    private readonly Dictionary<string, ParameterSlot> _slots;
    private readonly Tensor[] _buffers;

    public NetworkMemory(Device device, NetworkPlan plan, ParameterLayout layout, NetworkOptions options, int stateBuffers)
    {
        (_device, _plan) = (device, plan);
        _slots = layout.Slots.ToDictionary(slot => slot.Name);
        Weights = Allocate(layout.Elements);
        if (options.Training)
        {
            Total = Allocate(layout.Elements);
            OptimizerState = stateBuffers == 0 ? default : Allocate((long)stateBuffers * layout.Elements);
            Gradients = [.. Enumerable.Range(0, options.MaxRoots).Select(_ => Allocate(layout.Elements))];
        }

        _buffers = PlaceBuffers(options.MaxSamples);
    }

    public Tensor Weights { get; }

    public Tensor Total { get; }

    public Tensor OptimizerState { get; }

    /// <summary>One flat buffer per local root.</summary>
    public IReadOnlyList<Tensor> Gradients { get; } = [];

    public Tensor Input => _buffers[_plan.Input];

    public Tensor Logits => _buffers[_plan.Logits];

    public Tensor LogitsGradient => BufferOrEmpty(_plan.LogitsGradient);

    /// <summary>The context in which an operation's layer runs.</summary>
    public LayerContext Bind(Operation operation)
    {
        var slots = operation.Node.ParameterNames.Select(name => _slots[name]).ToList();
        return new LayerContext(
            _device,
            operation.Node.Input.Shape,
            operation.Node.Output.Shape,
            [.. slots.Select(slot => Weights.Slice(slot.Offset, slot.Elements))],
            [.. slots.Select(slot => Gradients.Select(root => root.Slice(slot.Offset, slot.Elements)).ToArray())])
        {
            X = _buffers[operation.X],
            Y = _buffers[operation.Y],
            Dy = BufferOrEmpty(operation.Dy),
            Dx = BufferOrEmpty(operation.Dx),
            Epilogue = operation.Activation,
            DxEpilogue = operation.Previous == Activation.None ? default : new GradientEpilogue(operation.Previous, _buffers[operation.X]),
        };
    }

    public void Dispose() => _allocations.ForEach(memory => memory.Dispose());

    private Tensor[] PlaceBuffers(int samples)
    {
        var shared = Enumerable.Range(0, _plan.Buffers.Count).Where(i => i != _plan.Input).ToList();
        var lifetimes = _plan.Buffers.Select(life => life with { Elements = life.Elements * samples }).ToList();
        var (offsets, elements) = ArenaPlanner.Plan([.. shared.Select(i => lifetimes[i])]);
        var arena = Allocate(elements);
        var buffers = new Tensor[lifetimes.Count];
        buffers[_plan.Input] = Allocate(lifetimes[_plan.Input].Elements);
        foreach (var (place, i) in shared.Select((i, place) => (place, i)))
        {
            buffers[i] = arena.Slice(offsets[place], lifetimes[i].Elements);
        }

        return buffers;
    }

    private Tensor BufferOrEmpty(int? buffer) => buffer is { } index ? _buffers[index] : default;

    private Tensor Allocate(long elements)
    {
        var memory = _device.Allocate(elements);
        _allocations.Add(memory);
        return new Tensor(memory, 0, elements);
    }
}
