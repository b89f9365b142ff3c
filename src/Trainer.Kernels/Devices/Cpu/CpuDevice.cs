using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Linear;
using Trainer.Kernels.Devices.Cpu.Losses;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Normalization;
using Trainer.Kernels.Devices.Cpu.Pooling;
using Trainer.Kernels.Devices.Cpu.Reduction;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Cpu.Updates;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>This machine's CPU as a device.</summary>
public static class CpuDevice
{
    /// <summary>A device of some threads, with the widest vectors that this process may use.</summary>
    /// <param name="threads">Compute threads; 0 takes one for each processor this process may use.</param>
    public static Device Create(int threads = 0) => Create(threads, InstructionSets.Best);

    /// <summary>For tests that compare instruction sets.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor lacks the instruction set.</exception>
    internal static Device Create(int threads, InstructionSet chosen)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        var count = threads == 0 ? Environment.ProcessorCount : threads;
        if (!InstructionSets.IsSupported(chosen))
        {
            throw new PlatformNotSupportedException($"This processor has no {InstructionSets.NameOf(chosen)}.");
        }

        return chosen switch
        {
            InstructionSet.Avx512 => new CpuDevice<Avx512Simd, Vector512<float>>(count, chosen),
            InstructionSet.Avx2 => new CpuDevice<Avx2Simd, Vector256<float>>(count, chosen),
            _ => new CpuDevice<PortableSimd, Vector128<float>>(count, chosen),
        };
    }
}

/// <summary>The CPU as a device: checks operands, then hands each operation to the class that carries it out.</summary>
internal sealed unsafe partial class CpuDevice<TSimd, TVector> : Device
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly InstructionSet _set;
    private readonly ThreadTeam _team;
    private readonly Scratch _scratch;
    private readonly NativeBuffer _targets = new();
    private readonly NativeBuffer _otherTargets = new();
    private readonly HashSet<CpuMemory> _memories = [];
    private readonly ReductionPlan _plan = new();
    private readonly Convolution2d<TSimd, TVector> _convolution2d;
    private readonly Conv2dBackwardWeights<TSimd, TVector> _conv2dBackwardWeights;
    private readonly LinearForward<TSimd, TVector> _linearForward;
    private readonly LinearBackwardData<TSimd, TVector> _linearBackwardData;
    private readonly LinearBackwardWeights<TSimd, TVector> _linearBackwardWeights;
    private readonly BiasGradient<TSimd, TVector> _biasGradient;
    private readonly PoolForward<TSimd, TVector> _poolForward;
    private readonly PoolBackward<TSimd, TVector> _poolBackward;
    private readonly AdaptivePoolWork<TSimd, TVector> _adaptivePool2d;
    private readonly ElementwiseForward<TSimd, TVector> _elementwiseForward;
    private readonly ElementwiseBackward<TSimd, TVector> _elementwiseBackward;
    private readonly BatchNormWork<TSimd, TVector> _batchNorm;
    private readonly GroupNormWork<TSimd, TVector> _groupNorm;
    private readonly ChannelGradients<TSimd, TVector> _channelGradients;
    private readonly DropoutWork<TSimd, TVector> _dropout;
    private readonly SoftmaxWork<TSimd, TVector> _softmax;
    private readonly CrossEntropyWork<TSimd, TVector> _softmaxCrossEntropy;
    private readonly SquaredErrorWork<TSimd, TVector> _squaredError;
    private readonly DivideWork<TSimd, TVector> _divide;
    private readonly SquaredNorm<TSimd, TVector> _squaredNorm;
    private readonly UpdateWork<TSimd, TVector> _weightUpdate;
    private readonly ChunkHashes<TSimd, TVector> _chunkHashes;
    private readonly Tf32Emulation _tf32;

    public CpuDevice(int threads, InstructionSet set)
    {
        (_set, _team, _scratch) = (set, new ThreadTeam(threads), new Scratch(threads));
        _convolution2d = new(_team, _scratch);
        _conv2dBackwardWeights = new(_team, _scratch);
        _linearForward = new(_team, _scratch);
        _linearBackwardData = new(_team, _scratch);
        _linearBackwardWeights = new(_team, _scratch);
        _biasGradient = new(_team, _scratch);
        _poolForward = new(_team, _scratch);
        _poolBackward = new(_team, _scratch);
        _adaptivePool2d = new(_team, _scratch);
        _elementwiseForward = new(_team);
        _elementwiseBackward = new(_team);
        _batchNorm = new(_team, _scratch);
        _groupNorm = new(_team);
        _channelGradients = new(_team, _scratch);
        _dropout = new(_team);
        _softmax = new(_team);
        _softmaxCrossEntropy = new(_team, _scratch);
        _squaredError = new(_team);
        _divide = new(_team);
        _squaredNorm = new(_team, _scratch);
        _weightUpdate = new(_team, _scratch);
        _chunkHashes = new(_team);
        _tf32 = new(this, _team);
    }

    public override string Name => "cpu";

    public override string Description =>
        $"{Processor.Name}, {InstructionSets.NameOf(_set)}, {Threads} {(Threads == 1 ? "thread" : "threads")}";

    public override int Threads => _team.Count;

    public override string NumericsId => Numerics.Id;

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

    public override bool CanCompute(ComputePrecision precision) => true;

    public override Device ForCompute(ComputePrecision precision) => precision == ComputePrecision.Tf32 ? _tf32 : this;

    public override DeviceMemory Allocate(long elements)
    {
        var memory = new CpuMemory(elements, Forget);
        lock (_memories)
        {
            _memories.Add(memory);
        }

        return memory;
    }

    public override void Clear(Tensor tensor)
    {
        var first = Operand.Address(nameof(Clear), "tensor", tensor, Extent.Of(tensor.Elements));
        NativeMemory.Clear(first, checked((nuint)(tensor.Elements * sizeof(float))));
    }

    public override void Dispose()
    {
        _team.Dispose();
        _scratch.Dispose();
        _targets.Dispose();
        _otherTargets.Dispose();
        _convolution2d.Dispose();
        _conv2dBackwardWeights.Dispose();
        _linearBackwardWeights.Dispose();
        _poolForward.Dispose();
        _poolBackward.Dispose();
        _batchNorm.Dispose();
        _dropout.Dispose();
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

    private void Forget(CpuMemory memory)
    {
        lock (_memories)
        {
            _memories.Remove(memory);
        }
    }

    /// <summary>Addresses of one tensor per root; null for a root without samples, which is left alone.</summary>
    private float** Targets(string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> tensors, Extent extent) =>
        Targets(_targets, operation, operand, slice, tensors, extent);

    /// <summary>As <see cref="Targets(string, string, BatchSlice, ReadOnlySpan{Tensor}, Extent)"/>; null where no tensors are wanted.</summary>
    private float** TargetsOrNull(NativeBuffer buffer, string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> tensors, Extent extent) =>
        tensors.IsEmpty ? null : Targets(buffer, operation, operand, slice, tensors, extent);

    private static float** Targets(NativeBuffer buffer, string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> tensors, Extent extent)
    {
        GeometryChecks.CheckRoots(operation, operand, tensors.Length, slice);
        var targets = (float**)buffer.Ensure<nint>(slice.Roots.Count);
        for (var root = 0; root < tensors.Length; root++)
        {
            targets[root] = slice.RootSamples(slice.Roots[root]) == 0 ? null : Operand.Address(operation, operand, tensors[root], extent);
        }

        return targets;
    }
}
