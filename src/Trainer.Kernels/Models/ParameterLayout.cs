using Trainer.Kernels.Canonical;

namespace Trainer.Kernels.Models;

/// <summary>What the elements of a slot are.</summary>
public enum SlotKind
{
    /// <summary>Weights: the optimizer changes them, from their gradient.</summary>
    Parameter,

    /// <summary>Running statistics (torch's buffers): averages move towards the batch's.</summary>
    Statistic,

    /// <summary>The sum of the samples' loss weights, by which the gradient is divided; nothing of it is kept.</summary>
    LossWeight,
}

/// <summary>One tensor in the flat buffers: its torch.nn name, shape and place.</summary>
/// <param name="Offset">First element in the flat buffer; a multiple of 16.</param>
public sealed record ParameterSlot(string Name, Shape Shape, int Offset, SlotKind Kind = SlotKind.Parameter)
{
    public int Elements => (int)Shape.Elements;
}

/// <summary>One tensor of what torch.nn calls the state dict.</summary>
/// <param name="Slot">Where it lies; null for a batch norm's count of batches, a 64-bit integer.</param>
public sealed record StateEntry(string Name, ParameterSlot? Slot);

/// <summary>A run of slots whose gradients travel together: parameters in reverse layer order, then the statistics.</summary>
public sealed record Bucket(int Index, int Offset, int Elements);

/// <summary>
/// Where each parameter lies in the flat weight, gradient and optimizer buffers: reverse layer order, so that the
/// gradients which a backward pass completes first come first; behind them the statistics, whose "gradient" is what a step contributes to them.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>Elements of 64 bytes: each slot starts at a multiple.</summary>
    public const int AlignmentElements = 16;

    /// <summary>A bucket closes once it holds this many elements (16 chunks: 4 MiB).</summary>
    public const int BucketElements = 16 * Chunk.Elements;

    /// <summary>The name of the slot of kind <see cref="SlotKind.LossWeight"/>.</summary>
    public const string LossWeightName = "loss.weight";

    /// <summary>What torch.nn calls the number of batches that running statistics have seen.</summary>
    public const string BatchesName = "num_batches_tracked";

    private ParameterLayout(Model model, Builder builder, int parameterElements)
    {
        (Slots, Buckets, ParameterElements, Elements) = (builder.Slots, builder.Buckets, parameterElements, builder.End);
        var slots = Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        StateDict = [.. model.Graph.Layers.SelectMany(node => node.ParameterNames.Concat(node.StatisticNames)
            .Select(name => new StateEntry(name, slots[name]))
            .Concat(node.Statistics.Count > 0 ? [new StateEntry(node.NameOf(BatchesName), null)] : []))];
        Counters = [.. StateDict.Where(entry => entry.Slot is null).Select(entry => entry.Name)];
    }

    /// <summary>In the order in which they lie in memory: parameters in reverse layer order, then statistics, likewise.</summary>
    public IReadOnlyList<ParameterSlot> Slots { get; }

    public IReadOnlyList<Bucket> Buckets { get; }

    /// <summary>What a file of the model holds, in torch.nn's order: layers in order, each one's parameters, statistics and their count.</summary>
    public IReadOnlyList<StateEntry> StateDict { get; }

    /// <summary>The counts of batches among them.</summary>
    public IReadOnlyList<string> Counters { get; }

    /// <summary>Length of the part that holds parameters; the statistics lie behind it.</summary>
    public int ParameterElements { get; }

    /// <summary>Length of a flat buffer, padding between slots included; padding is always +0.</summary>
    public int Elements { get; }

    /// <summary>Chunks of the whole buffer; chunk c is elements [c x 65,536, min((c + 1) x 65,536, Elements)).</summary>
    public int Chunks => Chunk.CountOf(Elements);

    /// <summary>The layout of a model's tensors, each aligned to 64 bytes: the last layer's bias first, the first layer's weight last, then statistics.</summary>
    /// <param name="model">Whose.</param>
    /// <param name="lossWeight">Whether the samples of the loss have weights, so that there is a slot for their sum.</param>
    public static ParameterLayout Of(Model model, bool lossWeight = false)
    {
        var builder = new Builder();
        foreach (var node in model.Graph.Layers.Reverse())
        {
            foreach (var parameter in node.Parameters.Reverse())
            {
                builder.Add(node.NameOf(parameter.Name), parameter.Shape, SlotKind.Parameter);
            }

            builder.CloseFull();
        }

        builder.CloseBucket();
        var parameters = builder.End;
        foreach (var node in model.Graph.Layers.Reverse())
        {
            foreach (var statistic in node.Statistics.Reverse())
            {
                builder.Add(node.NameOf(statistic.Name), statistic.Shape, SlotKind.Statistic);
            }
        }

        if (lossWeight)
        {
            builder.Add(LossWeightName, new Shape(1), SlotKind.LossWeight);
        }

        builder.CloseBucket();
        return new ParameterLayout(model, builder, parameters);
    }

    /// <summary>The index of one of <see cref="Counters"/>.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public int CounterOf(string name)
    {
        for (var i = 0; i < Counters.Count; i++)
        {
            if (Counters[i] == name)
            {
                return i;
            }
        }

        throw new ArgumentException($"The model counts no batches by the name {name}; it has: {string.Join(", ", Counters)}.", nameof(name));
    }

    private sealed class Builder
    {
        private int _opened;

        public List<ParameterSlot> Slots { get; } = [];

        public List<Bucket> Buckets { get; } = [];

        public int End { get; private set; }

        public void Add(string name, Shape shape, SlotKind kind)
        {
            Slots.Add(new ParameterSlot(name, shape, End, kind));
            End = checked(End + (((int)shape.Elements + AlignmentElements - 1) / AlignmentElements * AlignmentElements));
        }

        public void CloseFull()
        {
            if (End - _opened >= BucketElements)
            {
                CloseBucket();
            }
        }

        public void CloseBucket()
        {
            if (End > _opened)
            {
                Buckets.Add(new Bucket(Buckets.Count, _opened, End - _opened));
                _opened = End;
            }
        }
    }
}
