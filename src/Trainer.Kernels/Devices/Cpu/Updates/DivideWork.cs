using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Updates;

/// <summary>values /= divisor in one pass that also looks for what is not finite. A piece of work is a chunk of 65,536 elements.</summary>
internal sealed unsafe class DivideWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private float* _values;
    private long _elements;
    private float _divisor;
    private int _notFinite;

    /// <returns>Whether all quotients are finite.</returns>
    public bool Execute(long elements, float* values, float divisor)
    {
        _values = values;
        (_elements, _divisor, _notFinite) = (elements, divisor, 0);
        team.Run(this, Chunk.CountOf(elements));
        return _notFinite == 0;
    }

    public override void Run(int piece, int thread)
    {
        var first = (long)piece * Chunk.Elements;
        var end = Math.Min(_elements, first + Chunk.Elements);
        var (divisor, zero) = (TSimd.Broadcast(_divisor), TSimd.Broadcast(0));
        var products = zero;
        for (var i = first; i < end; i += TSimd.Lanes)
        {
            var count = (int)Math.Min(TSimd.Lanes, end - i);
            var quotient = TSimd.Divide(TSimd.LoadFirst(_values + i, count), divisor);
            TSimd.StoreFirst(_values + i, quotient, count);

            // 0 x value is NaN exactly where the value is not finite, and NaN stays.
            products = TSimd.MultiplyAdd(quotient, zero, products);
        }

        var lanes = stackalloc float[TSimd.Lanes];
        TSimd.Store(lanes, products);
        for (var lane = 0; lane < TSimd.Lanes; lane++)
        {
            if (float.IsNaN(lanes[lane]))
            {
                Volatile.Write(ref _notFinite, 1);
            }
        }
    }
}
