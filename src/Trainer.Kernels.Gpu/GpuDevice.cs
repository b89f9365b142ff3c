using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Normalization;
using Trainer.Kernels.Gpu.Reduction;
using Trainer.Kernels.Gpu.Tiles;
using Device = Trainer.Kernels.Devices.Device;
using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Kernels.Gpu;

/// <summary>
/// A GPU as a device: checks operands, then launches kernels on one stream that runs them in order. Nothing waits but <see cref="Wait"/>,
/// <see cref="Synchronize"/> and what returns a number (<see cref="Divide"/>, <see cref="SquaredNorm"/>, <see cref="Update"/>).
/// </summary>
internal sealed partial class GpuDevice : Device
{
    private readonly GpuRuntime _runtime;
    private readonly Accelerator _accelerator;
    private readonly AcceleratorStream _stream;
    private readonly ICopyQueue _copies;
    private readonly Delegate?[] _launchers = new Delegate?[Kernel.All.Count];
    private readonly HashSet<GpuMemory> _memories = [];
    private readonly GpuScratch _scratch;
    private readonly GpuReductions _reductions;
    private readonly GroupTrees _groupTrees;
    private readonly TapTables _taps;
    private readonly GpuExchange _tables;
    private readonly GpuExchange _results;

    public GpuDevice(GpuRuntime runtime, string name, Accelerator accelerator)
    {
        (_runtime, Name, _accelerator) = (runtime, name, accelerator);
        _stream = accelerator.CreateStream();
        _copies = CopyQueue.Create(accelerator, _stream);
        _scratch = new GpuScratch(accelerator);
        _reductions = new GpuReductions(accelerator);
        _groupTrees = new GroupTrees(accelerator);
        _taps = new TapTables(accelerator);
        _tables = new GpuExchange(accelerator, _copies);
        _results = new GpuExchange(accelerator, _copies);
    }

    /// <summary><c>cuda:0</c>, <c>opencl:1</c></summary>
    public override string Name { get; }

    public override string Description => GpuRuntime.Describe(_accelerator.Device);

    /// <summary>The thread that launches.</summary>
    public override int Threads => 1;

    public override string NumericsId => GpuRuntime.NumericsIdOf(_accelerator.Device);

    public override bool CanCompute(ComputePrecision precision) =>
        precision == ComputePrecision.Exact || (_accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80);

    public override Device ForCompute(ComputePrecision precision) => precision == ComputePrecision.Exact ? this
        : CanCompute(precision) ? new TensorCoreDevice(this)
        : base.ForCompute(precision);

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

    /// <summary>Less what operations need between their kernels.</summary>
    public override long? AvailableMemory => (base.AvailableMemory ?? GpuRuntime.FreeMemory(_accelerator, AllocatedMemory)) - (2 * GpuScratch.Limit * sizeof(float));

    public override DeviceMemory Allocate(long elements)
    {
        var memory = NewMemory(elements);
        lock (_memories)
        {
            _memories.Add(memory);
        }

        Clear(new Tensor(memory, 0, elements));
        return memory;
    }

    public override void Upload(Tensor tensor) => Copy(nameof(Upload), tensor, _copies.ToDevice);

    public override void Download(Tensor tensor) => Copy(nameof(Download), tensor, _copies.ToHost);

    public override DeviceMark Mark()
    {
        try
        {
            return new DeviceMark(_copies.Mark());
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(Name, e);
        }
    }

    public override bool IsReached(DeviceMark mark)
    {
        try
        {
            return _copies.IsReached(mark.Number);
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(Name, e);
        }
    }

    public override void Wait(DeviceMark mark)
    {
        try
        {
            _copies.Wait(mark.Number);
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(Name, e);
        }
    }

    public override void Synchronize()
    {
        try
        {
            _accelerator.Bind();
            _stream.Synchronize();
            _copies.Synchronize();
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(Name, e);
        }
    }

    public override void Dispose()
    {
        GpuMemory[] memories;
        lock (_memories)
        {
            memories = [.. _memories];
        }

        foreach (var memory in memories)
        {
            memory.Dispose();
        }

        _scratch.Dispose();
        _tables.Dispose();
        _results.Dispose();
        _reductions.Dispose();
        _groupTrees.Dispose();
        _taps.Dispose();
        _copies.Dispose();
        _stream.Dispose();
        _accelerator.Dispose();
        _runtime.Dispose();
    }

    private GpuMemory NewMemory(long elements)
    {
        try
        {
            _accelerator.Bind();
            return new GpuMemory(_accelerator, elements, Forget);
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(Name, e);
        }
    }

    /// <summary>Launches a kernel with one thread for each of <paramref name="threads"/>, in whole groups; the kernel drops what is beyond.</summary>
    private void LaunchThreads<TArguments>(Kernel<TArguments> kernel, long threads, in TArguments arguments)
        where TArguments : struct => Launch(kernel, (threads + ThreadGroup.Size - 1) / ThreadGroup.Size, ThreadGroup.Size, arguments);

    private void Launch<TArguments>(Kernel<TArguments> kernel, long groups, int groupSize, in TArguments arguments)
        where TArguments : struct
    {
        if (groups == 0)
        {
            return;
        }

        try
        {
            _accelerator.Bind();
            var launcher = (Action<AcceleratorStream, KernelConfig, TArguments>)(_launchers[kernel.Index] ??= kernel.Load(_accelerator));
            launcher(_stream, new KernelConfig(checked((int)groups), groupSize), arguments);
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(Name, e);
        }
    }

    /// <summary>Adds the sums of pieces, (pieces, elements), into each root's tensor. Roots without samples are left alone.</summary>
    private void Fold(GpuReduction reduction, ArrayView<float> slots, string operation, string operand, ReadOnlySpan<Tensor> sums, Extent extent)
    {
        foreach (var root in reduction.Roots)
        {
            Fold(reduction, root, 0, slots, extent.Elements, GpuOperand.View(operation, operand, sums[root.Root], extent));
        }
    }

    /// <summary>Adds the sums of one root's pieces.</summary>
    /// <param name="firstSlot">The piece whose sum is in slot 0.</param>
    private void Fold(GpuReduction reduction, RootPieces root, int firstSlot, ArrayView<float> slots, long elements, ArrayView<float> sum) =>
        LaunchThreads(TreeFoldKernels.Fold, elements, new TreeFold(elements, root, firstSlot, reduction.Pieces, reduction.Lefts, slots, sum));

    private void Copy(string operation, Tensor tensor, Action<GpuMemory, long, long> copy)
    {
        var memory = OperandChecks.Check<GpuMemory>(operation, "tensor", tensor, Extent.Of(tensor.Elements), "this GPU's");
        if (tensor.Elements > 0)
        {
            try
            {
                _accelerator.Bind();
                copy(memory, tensor.Offset, tensor.Elements);
            }
            catch (AcceleratorException e)
            {
                throw DriverFault.Of(Name, e);
            }
        }
    }

    private void Forget(GpuMemory memory)
    {
        lock (_memories)
        {
            _memories.Remove(memory);
        }
    }
}
