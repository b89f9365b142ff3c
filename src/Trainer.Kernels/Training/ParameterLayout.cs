using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>One parameter in the flat buffers: its torch.nn name, shape and place.</summary>
/// <param name="Offset">First element in the flat buffer; a multiple of 16.</param>
public sealed record ParameterSlot(string Name, Shape Shape, int Offset)
{
    public int Elements => (int)Shape.Elements;
}

/// <summary>A run of parameters, in reverse layer order, whose gradients travel together.</summary>
public sealed record Bucket(int Index, int Offset, int Elements);

/// <summary>
/// Where each parameter lies in the flat weight, gradient and optimizer buffers: reverse layer order, so that the
/// gradients which a backward pass completes first come first.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>Elements of 64 bytes: each parameter starts at a multiple.</summary>
    public const int AlignmentElements = 16;

    /// <summary>The unit of ownership in the all-reduce.</summary>
    public const int ChunkElements = 65_536;

    /// <summary>A bucket closes once it holds this many elements (16 chunks: 4 MiB).</summary>
    public const int BucketElements = 16 * ChunkElements;

    public ParameterLayout(IReadOnlyList<ParameterSlot> slots, IReadOnlyList<Bucket> buckets, int elements) =>
        (Slots, Buckets, Elements) = (slots, buckets, elements);

    /// <summary>The layout of a model's parameters, each aligned to 64 bytes: the last layer's bias first, the first layer's weight last.</summary>
    public static ParameterLayout Of(Model model)
    {
        var (slots, buckets) = (new List<ParameterSlot>(), new List<Bucket>());
        var (end, opened) = (0, 0);
        foreach (var node in model.Graph.Nodes.Reverse())
        {
            foreach (var parameter in node.Parameters.Reverse())
            {
                slots.Add(new ParameterSlot($"{node.Name}.{parameter.Name}", parameter.Shape, end));
                end = checked(end + RoundUp((int)parameter.Shape.Elements));
            }

            if (end - opened >= BucketElements)
            {
                Close();
            }
        }

        if (end > opened)
        {
            Close();
        }

        return new ParameterLayout(slots, buckets, end);

        void Close()
        {
            buckets.Add(new Bucket(buckets.Count, opened, end - opened));
            opened = end;
        }
    }

    /// <summary>In reverse layer order, as they lie in memory.</summary>
    public IReadOnlyList<ParameterSlot> Slots { get; }

    public IReadOnlyList<Bucket> Buckets { get; }

    /// <summary>Length of a flat buffer, padding between parameters included; padding is always +0.</summary>
    public int Elements { get; }

    /// <summary>Chunks of the whole buffer; chunk c is elements [c x 65,536, min((c + 1) x 65,536, Elements)).</summary>
    public int Chunks => (Elements + ChunkElements - 1) / ChunkElements;

    private static int RoundUp(int elements) => checked(elements + AlignmentElements - 1) / AlignmentElements * AlignmentElements;
}
