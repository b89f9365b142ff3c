using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>One operand of a product, rounded to TF32 into scratch memory that only grows: warm code gets no new memory. Freed with the device.</summary>
internal sealed unsafe class Tf32Operand(Func<long, DeviceMemory> allocate, ThreadTeam team) : SampleWork(team)
{
    private DeviceMemory? _memory;
    private SampleRows _from;
    private SampleRows _to;

    /// <summary>The operand's samples, one after another. Good until the next call.</summary>
    public Tensor Round(string operation, string operand, Tensor tensor, Extent extent)
    {
        _from = Operand.Samples(operation, operand, tensor, extent);
        var rounded = new Tensor(Room(extent.Elements), 0, extent.Elements);
        _to = Operand.Samples(operation, operand, rounded, extent);
        Execute((int)extent.A, extent.Elements / Math.Max(1, extent.A));
        return rounded;
    }

    protected override void RunElementsOf(int sample, long first, int count) =>
        Tf32.Round(new ReadOnlySpan<float>(_from.At(sample, first), count), new Span<float>(_to.At(sample, first), count));

    private DeviceMemory Room(long elements)
    {
        if (_memory is null || _memory.Elements < elements)
        {
            _memory?.Dispose();
            _memory = allocate(elements);
        }

        return _memory;
    }
}
