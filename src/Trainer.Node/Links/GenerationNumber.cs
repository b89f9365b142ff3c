using Trainer.Protos.Cluster;

namespace Trainer.Node.Links;

/// <summary>The number of an assignment as a value: ordered by term, then number; the higher one is obeyed.</summary>
public readonly record struct GenerationNumber(ulong Term, ulong Number) : IComparable<GenerationNumber>
{
    public static GenerationNumber Of(Generation? generation) => generation is null ? default : new(generation.Term, generation.Number);

    public static bool operator <(GenerationNumber left, GenerationNumber right) => left.CompareTo(right) < 0;

    public static bool operator >(GenerationNumber left, GenerationNumber right) => left.CompareTo(right) > 0;

    public static bool operator <=(GenerationNumber left, GenerationNumber right) => left.CompareTo(right) <= 0;

    public static bool operator >=(GenerationNumber left, GenerationNumber right) => left.CompareTo(right) >= 0;

    public int CompareTo(GenerationNumber other) => (Term, Number).CompareTo((other.Term, other.Number));

    public Generation ToMessage() => new() { Term = Term, Number = Number };

    public override string ToString() => $"({Term},{Number})";
}
