using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime.Cuda;
using Trainer.Kernels.Gpu.Tiles;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>
/// Tensor cores of CUDA devices from compute capability 8.0 on. The bodies are what the instructions mean, for ILGPU's emulation of a warp, on which tests
/// run these kernels.
/// </summary>
internal static class TensorCore
{
    /// <summary>To the nearest number of 10 bits of mantissa, ties away from zero.</summary>
    [IntrinsicImplementation]
    public static float RoundToTf32(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsFinite(value) ? BitConverter.UInt32BitsToSingle((bits + 0x1000) & ~0x1FFFu) : value;
    }

    /// <summary>A warp's product of 16 x 8 and 8 x 8 elements, added to 16 x 8 sums in float32: fragments as <see cref="Tf32Fragments"/>.</summary>
    [IntrinsicImplementation]
    public static Float4 MultiplyAdd(float a0, float a1, float a2, float a3, float b0, float b1, float c0, float c1, float c2, float c3)
    {
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        var (sum0, sum1, sum2, sum3) = ((double)c0, (double)c1, (double)c2, (double)c3);
        for (var k = 0; k < 8; k++)
        {
            var top = Warp.Shuffle(k < 4 ? a0 : a2, (g * 4) + (k % 4));
            var bottom = Warp.Shuffle(k < 4 ? a1 : a3, (g * 4) + (k % 4));
            var left = Warp.Shuffle(k < 4 ? b0 : b1, (2 * t * 4) + (k % 4));
            var right = Warp.Shuffle(k < 4 ? b0 : b1, (((2 * t) + 1) * 4) + (k % 4));
            (sum0, sum1) = (sum0 + ((double)top * left), sum1 + ((double)top * right));
            (sum2, sum3) = (sum2 + ((double)bottom * left), sum3 + ((double)bottom * right));
        }

        return new Float4((float)sum0, (float)sum1, (float)sum2, (float)sum3);
    }

    public static void Register(IntrinsicImplementationManager manager)
    {
        foreach (var name in (string[])[nameof(RoundToTf32), nameof(MultiplyAdd)])
        {
            manager.RegisterMethod(
                typeof(TensorCore).GetMethod(name)!,
                new PTXIntrinsic(typeof(TensorCore), $"Ptx{name}", IntrinsicImplementationMode.GenerateCode, CudaArchitecture.SM_80));
        }
    }

    public static void PtxRoundToTf32(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var source = generator.LoadPrimitive(value[0]);
        var target = generator.AllocateHardware(value);
        using var command = generator.BeginCommand("cvt.rna.tf32.f32");
        command.AppendArgument(target);
        command.AppendArgument(source);
    }

    public static void PtxMultiplyAdd(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var operands = new RegisterAllocator<PTXRegisterKind>.PrimitiveRegister[value.Nodes.Length];
        for (var i = 0; i < operands.Length; i++)
        {
            operands[i] = generator.EnsureHardwareRegister(generator.LoadPrimitive(value[i]));
        }

        var target = (RegisterAllocator<PTXRegisterKind>.CompoundRegister)generator.Allocate(value);
        using var command = generator.BeginCommand("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32");
        command.AppendVectorArgument(target.SliceAs<RegisterAllocator<PTXRegisterKind>.PrimitiveRegister>(0, 4));
        command.AppendVectorArgument(operands[..4]);
        command.AppendVectorArgument(operands[4..6]);
        command.AppendVectorArgument(operands[6..]);
    }
}
