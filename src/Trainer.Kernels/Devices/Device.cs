namespace Trainer.Kernels.Devices;

/// <summary>Where a network's tensors live and its operations run: some threads of this machine's CPU, or a GPU.</summary>
/// <remarks>
/// Operations are semantic, come in families (<see cref="Products"/> and its neighbours), and obey the canonical arithmetic: no bit of a result depends on threads, on the number of
/// local samples, on the instruction set, on addresses or on tile sizes. Tensors are NCHW, float32, dense, but that activations and their gradients
/// (x, y, dx, dy, and the tensors of an epilogue) may be runs of channels of a larger tensor (<see cref="Tensor.SampleStride"/>). Operations run
/// in the order of the calls; a device serves one call at a time; its threads are its own, never the .NET thread
/// pool's. Nothing here allocates on the managed heap once warm. Wrong operands are <see cref="ArgumentException"/>s that
/// name the operation, what it got and what it expected.
/// <para>
/// Where rule 3 of the canonical arithmetic leaves a choice: padding takes part in chains as zeros (a device may leave out
/// the filter rows that meet nothing else); a bias is added to the finished dot product, then comes the epilogue.
/// </para>
/// </remarks>
public abstract class Device : IDisposable
{
    /// <summary>As a user names it: <c>cpu</c>, <c>cuda:0</c>.</summary>
    public abstract string Name { get; }

    /// <summary>A <see cref="DeviceKind"/>.</summary>
    public string Kind => Name.Split(':')[0];

    /// <summary>What runs behind it, for people: <c>AMD EPYC, AVX-512, 2 threads</c>.</summary>
    public abstract string Description { get; }

    public abstract int Threads { get; }

    /// <summary>The version of the canonical arithmetic that this device computes in. Equal ids give equal bits.</summary>
    public abstract string NumericsId { get; }

    /// <summary>Bytes that may be allocated on the device in all; null: as many as it has.</summary>
    public long? MemoryLimit { get; set; }

    /// <summary>Bytes that may still be allocated; null: nobody counts (a CPU without a limit).</summary>
    public virtual long? AvailableMemory => MemoryLimit - AllocatedMemory;

    /// <summary>Bytes that are allocated.</summary>
    public abstract long AllocatedMemory { get; }

    /// <summary>
    /// Called by the thread that is to call operations, before it allocates: where the device keeps to some of the machine's processors, so does that thread from now on, and what it allocates lies near them.
    /// </summary>
    public virtual void Bind()
    {
    }

    /// <summary>Zeroed memory, aligned to 64 bytes.</summary>
    public abstract DeviceMemory Allocate(long elements);

    public abstract void Dispose();

    /// <summary>The products of <see cref="ComputePrecision.Exact"/>.</summary>
    public abstract IProducts Products { get; }

    public abstract IPooling Pooling { get; }

    public abstract INormalization Normalization { get; }

    public abstract IElementwise Elementwise { get; }

    public abstract ILosses Losses { get; }

    public abstract IUpdates Updates { get; }

    /// <summary>Whether <see cref="ProductsIn"/> has products to give.</summary>
    public virtual bool CanCompute(ComputePrecision precision) => precision == ComputePrecision.Exact;

    /// <summary>Products that take their operands as <paramref name="precision"/> says, in this device's memory and order of calls; they go when it is disposed.</summary>
    /// <exception cref="NotSupportedException">The device has none.</exception>
    public virtual IProducts ProductsIn(ComputePrecision precision) => precision == ComputePrecision.Exact ? Products : throw HasNo(precision);

    /// <summary>The numerics id of a network with such products: its own for each precision.</summary>
    /// <exception cref="NotSupportedException">The device has none.</exception>
    public virtual string NumericsIdIn(ComputePrecision precision) => precision == ComputePrecision.Exact ? NumericsId : throw HasNo(precision);

    // Host and device. A CPU's memory is its host view, so that these have nothing to do there. On a GPU the host view of a tensor is a page-locked mirror:
    // copies are asked for, run in the order of the calls, and overlap with what does not depend on them.

    /// <summary>Begins to copy the host view to the device. The host view may be changed again after a <see cref="Synchronize"/>.</summary>
    public virtual void Upload(Tensor tensor)
    {
    }

    /// <summary>Begins to copy to the host view, once all that was called before has run. To be read after <see cref="Wait"/> or <see cref="Synchronize"/>.</summary>
    public virtual void Download(Tensor tensor)
    {
    }

    /// <summary>A mark behind all that was called so far, downloads included. Marks are few and used in turn: wait for one before the 256th after it is made.</summary>
    public virtual DeviceMark Mark() => default;

    /// <summary>Whether all that was called before the mark has run.</summary>
    public virtual bool IsReached(DeviceMark mark) => true;

    /// <summary>Waits until all that was called before the mark has run.</summary>
    public virtual void Wait(DeviceMark mark)
    {
    }

    /// <summary>Waits until all that was called so far has run.</summary>
    public virtual void Synchronize()
    {
    }

    /// <summary>tensor (=) +0, on the device; what lies between samples included.</summary>
    public abstract void Clear(Tensor tensor);

    private NotSupportedException HasNo(ComputePrecision precision) => precision == ComputePrecision.Tf32
        ? new($"compute: tf32 needs a CPU, which emulates it, or a CUDA device that has kernels for tensor cores; {Name} ({Description}) has neither.")
        : throw new ArgumentOutOfRangeException(nameof(precision), precision, "No such precision.");
}
