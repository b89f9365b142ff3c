using System.Reflection;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>Every kernel, compiled for GPUs that need not be there: what the compiler writes is read.</summary>
public class OfflineCompilationTests
{
    public static TheoryData<string> Kernels => [.. Kernel.All.Select(kernel => kernel.Name)];

    public static TheoryData<string> PortableKernels => [.. Kernel.All.Where(kernel => !kernel.NeedsTensorCores).Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Ptx_is_exact_complete_and_keeps_arrays_out_of_memory(string kernel)
    {
        foreach (var (target, ptx) in OfflineCompiler.TextsOf(kernel).Ptx)
        {
            Assert.Contains($".target {target}", ptx, StringComparison.Ordinal);
            None($"{kernel} for {target}", KernelLint.FaultsOfPtx(ptx, Kernel.All.Single(known => known.Name == kernel).NeedsFloat64));
        }
    }

    [Theory]
    [MemberData(nameof(PortableKernels))]
    public void OpenCl_is_portable_and_has_arithmetic_in_intrinsics_alone(string kernel) =>
        None($"{kernel} in OpenCL C", KernelLint.FaultsOfOpenCl(OfflineCompiler.TextsOf(kernel).OpenCl!));

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Promises_are_kept(string kernel)
    {
        var promises = Kernel.All.Single(known => known.Name == kernel).Promises;
        foreach (var (target, ptx) in OfflineCompiler.TextsOf(kernel).Ptx)
        {
            None($"{kernel} for {target}", KernelLint.BrokenPromises(promises, ptx));
        }
    }

    /// <summary>Such a kernel compiles, and fails when a device would launch it.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void Arguments_have_one_layout_on_host_and_device(string kernel) => None(
        $"Arguments of {kernel}",
        from type in TypesIn(Kernel.All.Single(known => known.Name == kernel).Method.GetParameters().Single().ParameterType)
        where type == typeof(bool) || type == typeof(char) || !type.IsValueType
        select $"{type.Name} is not blittable");

    [Fact]
    public void Names_tell_kernels_apart() => Assert.Equal(Kernel.All.Count, Kernel.All.Select(kernel => kernel.Name).Distinct(StringComparer.Ordinal).Count());

    private static IEnumerable<Type> TypesIn(Type type) => type.IsPrimitive || type.IsEnum || !type.IsValueType || type.Namespace == nameof(ILGPU)
        ? [type]
        : type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).SelectMany(field => TypesIn(field.FieldType));

    private static void None(string what, IEnumerable<string> faults)
    {
        var list = faults.ToList();
        Assert.True(list.Count == 0, $"{what}: {string.Join("; ", list)}.");
    }
}
