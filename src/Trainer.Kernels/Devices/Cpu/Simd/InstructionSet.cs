using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Trainer.Kernels.Devices.Cpu.Simd;

/// <summary>The vector instructions that a CPU device computes with. Results are bit for bit the same on all of them.</summary>
internal enum InstructionSet
{
    Portable,
    Avx2,
    Avx512,
}

internal static class InstructionSets
{
    /// <summary>The widest that this process may use; the runtime's knobs (DOTNET_EnableAVX512=0, DOTNET_EnableAVX2=0) are obeyed.</summary>
    public static InstructionSet Best =>
        IsSupported(InstructionSet.Avx512) ? InstructionSet.Avx512
        : IsSupported(InstructionSet.Avx2) ? InstructionSet.Avx2
        : InstructionSet.Portable;

    public static bool IsSupported(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Avx512F.IsSupported && Vector512.IsHardwareAccelerated && Fma.IsSupported,
        InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        InstructionSet.Portable => true,
        _ => throw NoSuch(set),
    };

    public static string NameOf(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => "AVX-512",
        InstructionSet.Avx2 => "AVX2",
        InstructionSet.Portable => "portable vectors",
        _ => throw NoSuch(set),
    };

    public static ArgumentOutOfRangeException NoSuch(InstructionSet set) => new(nameof(set), set, "No such instruction set.");
}
