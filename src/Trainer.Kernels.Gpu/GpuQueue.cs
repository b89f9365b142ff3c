using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Reduction;
using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Kernels.Gpu;

/// <summary>One stream of an accelerator, which runs kernels in the order of their launches; and what operations, of which one runs at a time, share.</summary>
internal sealed class GpuQueue : IDisposable
{
    private readonly string _device;
    private readonly AcceleratorStream _stream;
    private readonly Delegate?[] _launchers = new Delegate?[Kernel.All.Count];

    /// <param name="device">Its name, for errors.</param>
    /// <param name="accelerator">This owns it.</param>
    public GpuQueue(string device, Accelerator accelerator)
    {
        (_device, Accelerator, _stream) = (device, accelerator, accelerator.CreateStream());
        Copies = CopyQueue.Create(accelerator, _stream);
        (Scratch, Reductions) = (new GpuScratch(accelerator), new GpuReductions(accelerator));
    }

    public Accelerator Accelerator { get; }

    /// <summary>Some OpenCL devices compute in float32 alone.</summary>
    public bool HasFloat64 => Accelerator is not CLAccelerator { Capabilities.Float64: false };

    public ICopyQueue Copies { get; }

    public GpuScratch Scratch { get; }

    public GpuReductions Reductions { get; }

    /// <summary>Is told of each kernel before it is compiled and launched; null: nobody asks.</summary>
    public Action<Kernel>? Launching { get; set; }

    /// <summary>For the calling thread, before anything is asked of the accelerator.</summary>
    public void Bind() => Accelerator.Bind();

    public void Launch<TArguments>(Kernel<TArguments> kernel, long groups, int groupSize, in TArguments arguments)
        where TArguments : struct
    {
        if (groups == 0)
        {
            return;
        }

        Launching?.Invoke(kernel);
        Ask((Queue: this, kernel, Groups: checked((int)groups), groupSize, arguments), static call =>
        {
            var (queue, kernel) = (call.Queue, call.kernel);
            var launcher = (Action<AcceleratorStream, KernelConfig, TArguments>)(queue._launchers[kernel.Index] ??= kernel.Load(queue.Accelerator));
            launcher(queue._stream, new KernelConfig(call.Groups, call.groupSize), call.arguments);
            return true;
        });
    }

    /// <summary>tensor (=) +0</summary>
    public void Clear(Tensor tensor)
    {
        var view = GpuOperand.View(nameof(Clear), "tensor", tensor, Extent.Of(tensor.Elements));
        if (tensor.Elements > 0)
        {
            Clear(view);
        }
    }

    public void Clear<T>(ArrayView<T> view)
        where T : unmanaged => Ask((_stream, view), static call =>
        {
            call.view.MemSetToZero(call._stream);
            return true;
        });

    /// <param name="copy">To the host or to the device, of <see cref="Copies"/>.</param>
    public void Copy(string operation, Tensor tensor, Action<GpuMemory, long, long> copy)
    {
        var memory = OperandChecks.Check<GpuMemory>(operation, "tensor", tensor, Extent.Of(tensor.Elements), "this GPU's");
        if (tensor.Elements > 0)
        {
            Ask((copy, memory, tensor), static call =>
            {
                call.copy(call.memory, call.tensor.Offset, call.tensor.Elements);
                return true;
            });
        }
    }

    public GpuMemory Allocate(long elements, Action<GpuMemory> forget) =>
        Ask((Accelerator, elements, forget), static call => new GpuMemory(call.Accelerator, call.elements, call.forget));

    public long Mark() => Ask(Copies, static copies => copies.Mark());

    public bool IsReached(long mark) => Ask((Copies, mark), static call => call.Copies.IsReached(call.mark));

    public void Wait(long mark) => Ask((Copies, mark), static call =>
    {
        call.Copies.Wait(call.mark);
        return true;
    });

    /// <summary>Waits until all that was launched and copied so far has run.</summary>
    public void Synchronize() => Ask(this, static queue =>
    {
        queue._stream.Synchronize();
        queue.Copies.Synchronize();
        return true;
    });

    public void Dispose()
    {
        Scratch.Dispose();
        Reductions.Dispose();
        Copies.Dispose();
        _stream.Dispose();
        Accelerator.Dispose();
    }

    /// <summary>Asks the driver on the calling thread.</summary>
    /// <exception cref="DeviceException">It refuses.</exception>
    private TResult Ask<TCall, TResult>(TCall call, Func<TCall, TResult> answer)
    {
        try
        {
            Bind();
            return answer(call);
        }
        catch (AcceleratorException e)
        {
            throw DriverFault.Of(_device, e);
        }
    }
}
