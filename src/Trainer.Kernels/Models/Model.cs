using Trainer.Kernels.Layers;
using Trainer.Kernels.Schema;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Models;

/// <summary>A network's layers for a given input shape: a static graph whose shapes are inferred and checked when it is made.</summary>
public sealed class Model
{
    /// <summary>Flat buffers of parameters are indexed by int; the difference leaves room for their alignment.</summary>
    private const long ParameterLimit = int.MaxValue - (1 << 20);

    private readonly Sequential _root;

    /// <param name="input">Per-sample input, (C, H, W).</param>
    /// <param name="layers">In the order in which they run; the last one gives the classes' logits.</param>
    /// <exception cref="ModelException">With the path of the layer (<c>layers[3].conv2d</c>) and what is wrong with it.</exception>
    public Model(Shape input, params IEnumerable<Module> layers)
    {
        _root = new Sequential(layers);
        Graph = new Graph(input);
        Output = _root.AddTo(Graph, Graph.Input);
        Parameters = Graph.Layers.SelectMany(node => node.Parameters).Sum(parameter => parameter.Shape.Elements);
        Check();
    }

    /// <summary>Per-sample input, (C, H, W).</summary>
    public Shape Input => Graph.Input.Shape;

    /// <summary>Per-sample output of the last layer.</summary>
    public Shape OutputShape => Output.Shape;

    /// <summary>Outputs of the last layer, where they are classes' logits: (classes).</summary>
    /// <exception cref="ModelException">They are not.</exception>
    public int Classes => OutputShape.Rank == 1
        ? OutputShape[0]
        : throw new ModelException("layers", $"the last layer gives {OutputShape}; expected (classes): end with a linear layer, or with flatten");

    /// <summary>Shards of a batch norm group (canonical arithmetic, rule 7), of all layers but those with <see cref="BatchNorm.Sync"/>; 1 without batch norm.</summary>
    public int GroupShards(int batchSize, int shards) => Norms.Any() ? ShardTree.GroupShards(batchSize, shards) : 1;

    /// <summary>Shards of a batch that pass through the network together: those of a group, or all where a layer takes the whole batch for one.</summary>
    public int UnitShards(int shards, int groupShards) => Norms.Any(norm => norm.Layer.Sync) ? shards : Norms.Any() ? groupShards : 1;

    /// <summary>Why a batch of some samples cannot be normalised in groups of shards: a group of one value has no variance. Null: it can.</summary>
    public string? RefuseGroups(int samples, int shards, int groupShards)
    {
        foreach (var run in Norms.Where(norm => norm.Pixels == 1).Select(norm => norm.Layer.Sync ? shards : groupShards).Distinct())
        {
            for (var lo = 0; lo < shards; lo += run)
            {
                var hi = Math.Min(lo + run, shards);
                if (ShardTree.FirstPosition(hi, samples, shards) - ShardTree.FirstPosition(lo, samples, shards) == 1)
                {
                    return $"a batch of {samples} samples in {shards} shards has a batch norm group (shards {lo} to {hi - 1}) of one value per channel, "
                        + "which has no variance";
                }
            }
        }

        return null;
    }

    /// <summary>Elements of all parameters.</summary>
    public long Parameters { get; }

    /// <summary>What the weights of the first convolution are called, as in the state dict; null: there is none.</summary>
    public string? FirstFilters => Graph.Layers.FirstOrDefault(node => node.Layer is Conv2d)?.NameOf("weight");

    internal Graph Graph { get; }

    private IEnumerable<(BatchNorm Layer, long Pixels)> Norms => Graph.Layers.Where(node => node.Layer is BatchNorm)
        .Select(node => ((BatchNorm)node.Layer, node.Input.Shape.Elements / node.Input.Shape[0]));

    internal Value Output { get; }

    /// <summary>
    /// Reads the layers of a job file's model section in its JSON form, <c>[{"conv2d":{"out_channels":6,...}}, ...]</c>.
    /// </summary>
    /// <exception cref="ModelException">With the path of the layer (<c>layers[3].conv2d</c>) and what is wrong with it.</exception>
    public static Model FromJson(string layers, Shape input) => new(input, JsonText.Read<IReadOnlyList<Module>>(layers, "layers"));

    /// <summary>The layers as <see cref="FromJson"/> reads them; options that have their default are left out.</summary>
    public string ToJson() => JsonText.Write(_root.Layers);

    private void Check()
    {
        if (_root.Layers.Count == 0)
        {
            throw new ModelException("layers", "there are none");
        }

        if (Parameters is 0 or > ParameterLimit)
        {
            throw new ModelException("layers", $"{Parameters} parameters; expected 1 to {ParameterLimit}");
        }
    }
}
