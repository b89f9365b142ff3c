using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Tiles;
using Device = Trainer.Kernels.Devices.Device;

namespace Trainer.Kernels.Gpu;

/// <summary>
/// A GPU as a device. Nothing waits but <see cref="Wait"/>, <see cref="Synchronize"/> and what returns a number (<see cref="Updates"/>).
/// </summary>
internal sealed class GpuDevice : Device
{
    private readonly GpuRuntime _runtime;
    private readonly GpuQueue _queue;
    private readonly TapTables _taps;
    private readonly GpuNormalization _normalization;
    private readonly GpuUpdates _updates;
    private readonly HashSet<GpuMemory> _memories = [];

    public GpuDevice(GpuRuntime runtime, string name, Accelerator accelerator)
    {
        (_runtime, Name, _queue) = (runtime, name, new GpuQueue(name, accelerator));
        (_taps, _normalization, _updates) = (new TapTables(accelerator), new GpuNormalization(_queue), new GpuUpdates(_queue));
        Products = new GpuProducts(_queue, _taps, ComputePrecision.Exact);
        (Pooling, Elementwise, Losses) = (new GpuPooling(_queue), new GpuElementwise(_queue), new GpuLosses(_queue));
    }

    /// <summary>What its operations launch their kernels on.</summary>
    public GpuQueue Queue => _queue;

    /// <summary><c>cuda:0</c>, <c>opencl:1</c></summary>
    public override string Name { get; }

    public override string Description => GpuRuntime.Describe(_queue.Accelerator.Device);

    /// <summary>The thread that launches.</summary>
    public override int Threads => 1;

    public override string NumericsId => GpuRuntime.NumericsIdOf(_queue.Accelerator.Device);

    public override IProducts Products { get; }

    public override IPooling Pooling { get; }

    public override INormalization Normalization => _normalization;

    public override IElementwise Elementwise { get; }

    public override ILosses Losses { get; }

    public override IUpdates Updates => _updates;

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
    public override long? AvailableMemory =>
        (base.AvailableMemory ?? GpuRuntime.FreeMemory(_queue.Accelerator, AllocatedMemory)) - (2 * GpuScratch.Limit * sizeof(float));

    public override bool CanCompute(ComputePrecision precision) => precision == ComputePrecision.Exact
        || (precision == ComputePrecision.Tf32 && _queue.Accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80);

    /// <summary>In TF32 on tensor cores: the same kernels with other tiles, in the same order of pieces and trees.</summary>
    public override IProducts ProductsIn(ComputePrecision precision) =>
        precision != ComputePrecision.Exact && CanCompute(precision) ? new GpuProducts(_queue, _taps, precision) : base.ProductsIn(precision);

    public override string NumericsIdIn(ComputePrecision precision) =>
        precision != ComputePrecision.Exact && CanCompute(precision) ? $"{Numerics.Id}+tf32" : base.NumericsIdIn(precision);

    public override DeviceMemory Allocate(long elements)
    {
        var memory = _queue.Allocate(elements, Forget);
        lock (_memories)
        {
            _memories.Add(memory);
        }

        Clear(new Tensor(memory, 0, elements));
        return memory;
    }

    public override void Clear(Tensor tensor) => _queue.Clear(tensor);

    public override void Upload(Tensor tensor) => _queue.Copy(nameof(Upload), tensor, _queue.Copies.ToDevice);

    public override void Download(Tensor tensor) => _queue.Copy(nameof(Download), tensor, _queue.Copies.ToHost);

    public override DeviceMark Mark() => new(_queue.Mark());

    public override bool IsReached(DeviceMark mark) => _queue.IsReached(mark.Number);

    public override void Wait(DeviceMark mark) => _queue.Wait(mark.Number);

    public override void Synchronize() => _queue.Synchronize();

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

        _updates.Dispose();
        _normalization.Dispose();
        _taps.Dispose();
        _queue.Dispose();
        _runtime.Dispose();
    }

    private void Forget(GpuMemory memory)
    {
        lock (_memories)
        {
            _memories.Remove(memory);
        }
    }
}
