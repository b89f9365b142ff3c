using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>This machine's CPU as a device: some threads, and the widest vectors that this process may use.</summary>
public sealed class CpuDevice : Device
{
    /// <summary>From so many bytes on it is asked whether there is room: small tensors are many, and the answer takes a system call.</summary>
    private const long LargeTensor = 1 << 20;

    private const long LeastReserve = 64 << 20;

    private readonly InstructionSet _set;
    private readonly ThreadTeam _team;
    private readonly IReadOnlyList<IDisposable> _parts;
    private readonly Tf32Emulation _tf32;
    private readonly Processors? _processors;
    private readonly HashSet<CpuMemory> _memories = [];

    private CpuDevice(
        InstructionSet set, ThreadTeam team, IProducts products, IPooling pooling, INormalization normalization, IElementwise elementwise, ILosses losses,
        IUpdates updates, IReadOnlyList<IDisposable> parts, Processors? processors)
    {
        (_set, _team, _parts, _tf32, _processors) = (set, team, parts, new Tf32Emulation(products, team, Allocate), processors);
        (Products, Pooling, Normalization, Elementwise, Losses, Updates) = (products, pooling, normalization, elementwise, losses, updates);
    }

    public override string Name => "cpu";

    public override string Description =>
        $"{Processor.Name}, {InstructionSets.NameOf(_set)}, {Threads} {(Threads == 1 ? "thread" : "threads")}{(_processors is null ? "" : $" on {(_processors.Count == 1 ? "processor" : "processors")} {_processors}")}";

    /// <summary>Bytes that the process may hold in all, tensors and whatever else; null: three quarters of a container's limit, else what the machine has.</summary>
    public long? ProcessLimit { get; set; }

    /// <summary>No network is laid out that would bring the process beyond its limit.</summary>
    public override long? AvailableMemory => Math.Min(base.AvailableMemory ?? long.MaxValue, Limit - Reserve - ProcessMemory.Held);

    public override int Threads => _team.Count;

    /// <summary>Told of each work of the threads, and of its pieces, before it runs: for tests.</summary>
    internal Action<ParallelWork, int>? Running
    {
        set => _team.Running = value;
    }

    public override string NumericsId => Numerics.Id;

    public override IProducts Products { get; }

    public override IPooling Pooling { get; }

    public override INormalization Normalization { get; }

    public override IElementwise Elementwise { get; }

    public override ILosses Losses { get; }

    public override IUpdates Updates { get; }

    public override long AllocatedMemory
    {
        get
        {
            lock (_memories)
            {
                return _memories.Sum(memory => memory.Elements * sizeof(float));
            }
        }
    }

    /// <param name="threads">Compute threads; 0 takes one for each processor this process may use.</param>
    public static CpuDevice Create(int threads = 0) => Create(threads, InstructionSets.Best);

    /// <summary>A device whose threads keep to some of the machine's processors, those of a NUMA node (<see cref="NumaNodes"/>) for one.</summary>
    /// <param name="threads">Compute threads; 0 takes one for each of the processors.</param>
    public static CpuDevice Create(int threads, Processors processors) => Create(threads == 0 ? processors.Count : threads, InstructionSets.Best, processors);

    /// <summary>For tests that compare instruction sets.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor lacks the instruction set.</exception>
    internal static CpuDevice Create(int threads, InstructionSet set, Processors? processors = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        if (!InstructionSets.IsSupported(set))
        {
            throw new PlatformNotSupportedException($"This processor has no {InstructionSets.NameOf(set)}.");
        }

        return set switch
        {
            InstructionSet.Avx512 => Of<Avx512Simd, Vector512<float>>(count, set, processors),
            InstructionSet.Avx2 => Of<Avx2Simd, Vector256<float>>(count, set, processors),
            InstructionSet.Portable => Of<PortableSimd, Vector128<float>>(count, set, processors),
            _ => throw InstructionSets.NoSuch(set),
        };
    }

    public override bool CanCompute(ComputePrecision precision) => precision is ComputePrecision.Exact or ComputePrecision.Tf32;

    public override IProducts ProductsIn(ComputePrecision precision) => precision == ComputePrecision.Tf32 ? _tf32 : base.ProductsIn(precision);

    public override string NumericsIdIn(ComputePrecision precision) =>
        precision == ComputePrecision.Tf32 ? Tf32Emulation.NumericsId : base.NumericsIdIn(precision);

    public override void Bind() => _processors?.Bind();

    /// <exception cref="DeviceMemoryException">The process would hold more than it may.</exception>
    public override DeviceMemory Allocate(long elements)
    {
        if (elements * sizeof(float) is >= LargeTensor and var bytes && ProcessMemory.Held is var held && held + bytes > Limit)
        {
            throw new DeviceMemoryException($"{Name}: a tensor of {bytes:N0} bytes does not fit: the process holds {held:N0} and may hold {Limit:N0}.");
        }

        var memory = new CpuMemory(elements, Forget);
        lock (_memories)
        {
            _memories.Add(memory);
        }

        return memory;
    }

    public override unsafe void Clear(Tensor tensor)
    {
        var first = Operand.Address(nameof(Clear), "tensor", tensor, Extent.Of(tensor.Elements));
        NativeMemory.Clear(first, checked((nuint)(tensor.Elements * sizeof(float))));
    }

    public override void Dispose()
    {
        _team.Dispose();
        foreach (var part in _parts)
        {
            part.Dispose();
        }

        CpuMemory[] memories;
        lock (_memories)
        {
            memories = [.. _memories];
        }

        foreach (var memory in memories)
        {
            memory.Dispose();
        }
    }

    private static CpuDevice Of<TSimd, TVector>(int threads, InstructionSet set, Processors? processors)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        var (team, scratch) = (new ThreadTeam(threads, processors), new Scratch(threads));
        var (products, pooling) = (new CpuProducts<TSimd, TVector>(team, scratch), new CpuPooling<TSimd, TVector>(team, scratch));
        var (normalization, elementwise) = (new CpuNormalization<TSimd, TVector>(team, scratch), new CpuElementwise<TSimd, TVector>(team));
        var (losses, updates) = (new CpuLosses<TSimd, TVector>(team, scratch), new CpuUpdates<TSimd, TVector>(team, scratch));
        return new CpuDevice(
            set, team, products, pooling, normalization, elementwise, losses, updates, [scratch, products, pooling, normalization, elementwise, updates], processors);
    }

    private long Limit => ProcessLimit ?? ProcessMemory.Default;

    // For what comes behind a plan: scratch memory (a sixth of nin's tensors, a thirtieth of alexnet's), buffers of links, batches that are read ahead.
    private long Reserve => Math.Max(LeastReserve, Limit / 8);

    private void Forget(CpuMemory memory)
    {
        lock (_memories)
        {
            _memories.Remove(memory);
        }
    }
}
