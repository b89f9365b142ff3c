using System.Reflection;
using ILGPU;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>The lint finds what it looks for, in kernels that have it.</summary>
public class KernelLintTests
{
    [Theory]
    [InlineData(nameof(FaultyKernels.BareSum), "add.f32, expected the .rn form", "expected an intrinsic")]
    [InlineData(nameof(FaultyKernels.BareQuotient), null, "expected an intrinsic")]
    [InlineData(nameof(FaultyKernels.LibraryCall), "which is not there", "calls ")]
    [InlineData(nameof(FaultyKernels.LocalArray), ".local", "in private memory")]
    [InlineData(nameof(FaultyKernels.TooMuchShared), "40000 bytes of shared memory, expected at most 32768", null)]
    [InlineData(nameof(FaultyKernels.ForeignBarrier), null, "work_group_barrier ( CLK_GLOBAL_MEM_FENCE ), expected work_group_barrier(")]
    [InlineData(nameof(FaultyKernels.AtomicSum), "red.add.global.f32", "calls atomic")]
    public void Faults_are_found(string kernel, string? ptx, string? openCl)
    {
        var texts = OfflineCompiler.Compile(typeof(FaultyKernels).GetMethod(kernel, BindingFlags.Static | BindingFlags.Public)!);
        Found(ptx, KernelLint.FaultsOfPtx(texts.Ptx[0].Text), texts.Ptx[0].Text);
        Found(openCl, KernelLint.FaultsOfOpenCl(texts.OpenCl!), texts.OpenCl!);
    }

    [Fact]
    public void Broken_promises_are_found() => Assert.Equal(
        ["promises FusedProducts, but has no fma.rn.f32", "promises GlobalVectorLoads, but has no ld.global.v4.f32"],
        KernelLint.BrokenPromises(KernelPromise.FusedProducts | KernelPromise.SharedVectorLoads | KernelPromise.GlobalVectorLoads, "ld.shared.v4.f32 %f1"));

    private static void Found(string? fault, IEnumerable<string> faults, string text)
    {
        if (fault is not null)
        {
            var list = faults.ToList();
            Assert.True(list.Any(found => found.Contains(fault, StringComparison.Ordinal)), $"[{string.Join("; ", list)}] lacks '{fault}' for\n{text}");
        }
    }

    internal readonly record struct FaultyArguments(ArrayView<float> X);

    internal static class FaultyKernels
    {
        public static void BareSum(FaultyArguments a)
        {
            var x = a.X;
            x[0] = x[1] + x[2];
        }

        public static void BareQuotient(FaultyArguments a)
        {
            var x = a.X;
            x[0] = x[1] / x[2];
        }

        public static void LibraryCall(FaultyArguments a)
        {
            var x = a.X;
            x[0] = MathF.FusedMultiplyAdd(x[1], x[2], x[3]);
        }

        public static void LocalArray(FaultyArguments a)
        {
            var x = a.X;
            var array = LocalMemory.Allocate<float>(16);
            for (var i = 0; i < 16; i++)
            {
                array[i] = x[i];
            }

            x[0] = array[Group.IdxX];
        }

        public static void TooMuchShared(FaultyArguments a)
        {
            var x = a.X;
            var shared = SharedMemory.Allocate<float>(10_000);
            shared[Group.IdxX] = x[0];
            x[1] = shared[Group.IdxX + 1];
        }

        public static void ForeignBarrier(FaultyArguments a)
        {
            var x = a.X;
            x[0] = x[1];
            Group.Barrier();
        }

        public static void AtomicSum(FaultyArguments a)
        {
            var x = a.X;
            Atomic.Add(ref x[0], x[1]);
        }
    }
}
