using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Where an operation writes one sum per root.</summary>
internal sealed unsafe class RootTargets : IDisposable
{
    private readonly NativeBuffer _addresses = new();

    /// <summary>Addresses of one tensor per root; null for a root without samples, which is left alone.</summary>
    public float** Of(string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> tensors, Extent extent)
    {
        GeometryChecks.CheckRoots(operation, operand, tensors.Length, slice);
        var targets = (float**)_addresses.Ensure<nint>(slice.Roots.Count);
        for (var root = 0; root < tensors.Length; root++)
        {
            targets[root] = slice.RootSamples(slice.Roots[root]) == 0 ? null : Operand.Address(operation, operand, tensors[root], extent);
        }

        return targets;
    }

    /// <summary>As <see cref="Of"/>; null where no tensors are wanted.</summary>
    public float** OfOrNull(string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> tensors, Extent extent) =>
        tensors.IsEmpty ? null : Of(operation, operand, slice, tensors, extent);

    public void Dispose() => _addresses.Dispose();
}
