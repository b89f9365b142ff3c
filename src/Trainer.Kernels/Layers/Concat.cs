using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>y = the outputs of all branches, one behind another along the channels (torch.cat, dim 1). A branch without layers gives x itself.</summary>
/// <remarks>
/// x (N,C,H,W), branch i -> (N,C_i,P,Q)  ->  y (N, sum of C_i, P, Q). Children are numbered through all branches. Nothing is copied: branches write
/// where the sum of all channels lies, and read their gradients there.
/// </remarks>
[Kind("concat")]
public sealed class Concat(params IEnumerable<Branch> branches) : Module
{
    public IReadOnlyList<Branch> Branches { get; } = [.. branches];

    internal override Value AddTo(Graph graph, Value input)
    {
        if (Branches.Count == 0)
        {
            throw graph.Refuse("branches", "there are none");
        }

        var (outputs, first) = (new List<Value>(), 0);
        for (var i = 0; i < Branches.Count; i++)
        {
            outputs.Add(graph.AddChildren($"branches[{i}].layers", first, Branches[i].Layers, input));
            first += Branches[i].Layers.Count;
        }

        return graph.AddConcat(outputs);
    }
}
