using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Training.Planning;

/// <summary>Where a value of each sample lies: a run of elements in a planned buffer.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Place(int Buffer, long Offset, long Elements);

/// <summary>What a pass keeps in memory: the output of an operation, or the parts of a concatenation side by side.</summary>
internal sealed class Variable(long elements, int defined)
{
    private List<Variable> _parts = [];

    /// <summary>Per sample.</summary>
    public long Elements { get; } = elements;

    /// <summary>When it is there: the number of the forward event that completes it; -1 for the model's input.</summary>
    public int Defined { get; } = defined;

    /// <summary>The operation that writes it; null for the model's input and for concatenations.</summary>
    public Operation? Writer { get; init; }

    /// <summary>Nodes of the graph that read it.</summary>
    public int Readers { get; set; }

    /// <summary>Whether a parameter has a part in it, so that its gradient is wanted.</summary>
    public bool IsTrained { get; set; }

    /// <summary>The variable that it is a part of, and where in each sample; null: it has a buffer of its own.</summary>
    public (Variable Whole, long Offset)? Part { get; set; }

    /// <summary>The activation whose output it is, as far as its own gradient has to know.</summary>
    public Activation MadeBy => IsDerivedAsPart ? Activation.None : Writer?.Activation ?? PartsMadeBy;

    /// <summary>Of a concatenation.</summary>
    public IReadOnlyList<Variable> Parts => _parts;

    private Activation PartsMadeBy { get; set; }

    /// <summary>Whether the gradient of the whole is already multiplied by the derivative of the activation that made this part.</summary>
    private bool IsDerivedAsPart { get; set; }

    /// <summary>The concatenation of <paramref name="parts"/>, all of which lie in it.</summary>
    public static Variable OfParts(Variable whole, List<Variable> parts)
    {
        whole._parts = parts;
        whole.IsTrained = parts.Exists(part => part.IsTrained);
        var activation = parts[0].MadeBy;
        if (!activation.IsNone && parts.TrueForAll(part => part.Readers == 1 && part.MadeBy == activation))
        {
            whole.PartsMadeBy = activation;
            parts.ForEach(part => part.IsDerivedAsPart = true);
        }

        return whole;
    }
}
