using System.Runtime.InteropServices;

namespace Trainer.Fuzz;

/// <summary>Which branches of instrumented code an input has taken, and how often: afl's map of edges, whose counts are told apart by powers of two.</summary>
public sealed unsafe class Coverage
{
    private const int Size = 1 << 16;

    private static readonly byte* _taken = (byte*)NativeMemory.AllocZeroed(Size);
    private readonly byte[] _seen = new byte[Size];

    /// <summary>To be called before any code that tells its branches.</summary>
    public static void Listen() => SharpFuzz.Common.Trace.SharedMem = _taken;

    /// <summary>Edges that have been seen.</summary>
    public int Edges => _seen.Count(kinds => kinds != 0);

    public static void Begin()
    {
        new Span<byte>(_taken, Size).Clear();
        SharpFuzz.Common.Trace.PrevLocation = 0;
    }

    /// <summary>True: something was new.</summary>
    /// <param name="counts">Whether an edge that was taken more often, or less, is new.</param>
    public bool End(bool counts = true)
    {
        var isNew = false;
        for (var edge = 0; edge < Size; edge++)
        {
            if (_taken[edge] != 0)
            {
                var kind = counts ? (byte)(1 << Math.Min(7, (int)Math.Log2(_taken[edge]))) : (byte)1;
                isNew |= (_seen[edge] & kind) == 0;
                _seen[edge] |= kind;
            }
        }

        return isNew;
    }
}
