using System.Text.Json;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>y = the outputs of all branches, one behind another along the channels (torch.cat, dim 1). A branch without layers gives x itself.</summary>
/// <remarks>
/// x (N,C,H,W), branch i -> (N,C_i,P,Q)  ->  y (N, sum of C_i, P, Q). Children are numbered through all branches. Nothing is copied: branches write
/// where the sum of all channels lies, and read their gradients there.
/// </remarks>
public sealed class Concat(params IEnumerable<IReadOnlyList<Module>> branches) : Module
{
    public IReadOnlyList<IReadOnlyList<Module>> Branches { get; } = [.. branches];

    public override string Kind => "concat";

    internal override Value AddTo(Graph graph, Value input)
    {
        if (Branches.Count == 0)
        {
            throw graph.Refuse("branches", "there are none");
        }

        var (outputs, first) = (new List<Value>(), 0);
        for (var i = 0; i < Branches.Count; i++)
        {
            outputs.Add(graph.AddChildren($"branches[{i}].layers", first, Branches[i], input));
            first += Branches[i].Count;
        }

        return graph.AddConcat(outputs);
    }

    internal static Concat Read(JsonOptions options) => new(options.Children("branches", branch => branch.ModulesOrNone("layers")));

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteStartArray("branches");
        foreach (var branch in Branches)
        {
            json.WriteStartObject();
            json.WriteModules("layers", branch);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
