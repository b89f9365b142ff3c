using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>y = sigmoid(x), or dx = dy (y (1 - y)), element by element.</summary>
internal sealed unsafe class SigmoidWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private long _elements;
    private float* _x;
    private float* _dy;
    private float* _target;

    public void Forward(long elements, float* x, float* y) => Execute(elements, x, null, y);

    public void Backward(long elements, float* y, float* dy, float* dx) => Execute(elements, y, dy, dx);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int piece, int thread)
    {
        var first = (long)piece * RunElements;
        var count = (int)Math.Min(RunElements, _elements - first);
        var x = _x + first;
        var target = _target + first;
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var left = Math.Min(TSimd.Lanes, count - i);
            var value = TSimd.LoadFirst(x + i, left);
            value = _dy == null
                ? VectorMath<TSimd, TVector>.Sigmoid(value)
                : TSimd.Multiply(TSimd.LoadFirst(_dy + first + i, left), VectorMath<TSimd, TVector>.SigmoidDerivative(value));
            TSimd.StoreFirst(target + i, value, left);
        }
    }

    private void Execute(long elements, float* x, float* dy, float* target)
    {
        _elements = elements;
        _x = x;
        _dy = dy;
        _target = target;
        team.Run(this, checked((int)((elements + RunElements - 1) / RunElements)));
    }
}
