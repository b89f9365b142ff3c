using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>
/// y = the product of the outputs of all branches, element by element; one of (C,1,1) beside one of (C,H,W) is a gate that multiplies each channel, as in Hu, Shen, Sun,
/// "Squeeze-and-excitation networks", 2018 (arXiv:1709.01507), eq. 4. A branch without layers gives x itself.
/// </summary>
/// <remarks>
/// Branches are multiplied in their order, two and two; children are numbered through all branches. Backward gives each side dy times the other; a gate the sum of that over the
/// pixels of its channel, in Form L.
/// </remarks>
[Kind("multiply")]
public sealed class Multiply(params IEnumerable<Branch> branches) : Module
{
    public IReadOnlyList<Branch> Branches { get; } = [.. branches];

    internal override Value AddTo(Graph graph, Value input)
    {
        if (Branches.Count < 2)
        {
            throw graph.Refuse("branches", $"there {(Branches.Count == 0 ? "are none" : "is one")}; expected two or more to multiply");
        }

        var (product, first) = (input, 0);
        for (var i = 0; i < Branches.Count; i++)
        {
            var output = graph.AddChildren($"branches[{i}].layers", first, Branches[i].Layers, input);
            product = i == 0 ? output : graph.AddProduct(product, output, i);
            first += Branches[i].Layers.Count;
        }

        return product;
    }
}
