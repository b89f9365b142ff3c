using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Losses;

/// <summary>Per sample the sum of (y - target)^2 in Form L and whether the first largest elements agree; and dx, a multiple of y - target. A piece of work is a run of samples.</summary>
internal sealed unsafe class SquaredErrorWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private LossFactors _factors;
    private long _elements;
    private int _samples;
    private int _runSamples;
    private SampleRows _y;
    private SampleRows _target;
    private float* _loss;
    private float* _correct;
    private SampleRows _dx;

    /// <param name="dx">May be left out.</param>
    public void Execute(
        in LossFactors factors, long elements, int samples, SampleRows y, SampleRows target, float* loss, float* correct, SampleRows dx)
    {
        (_factors, _elements, _samples) = (factors, elements, samples);
        (_y, _target, _dx) = (y, target, dx);
        _loss = loss;
        _correct = correct;
        _runSamples = (int)Math.Max(1, RunElements / elements);
        team.Run(this, (samples + _runSamples - 1) / _runSamples);
    }

    public override void Run(int piece, int thread)
    {
        var end = Math.Min(_samples, (piece + 1) * _runSamples);
        for (var sample = piece * _runSamples; sample < end; sample++)
        {
            var y = _y.At(sample, 0);
            var target = _target.At(sample, 0);
            _loss[sample] = _factors.Loss * LaneSum<TSimd, TVector, SquaredDifferenceTerm<TSimd, TVector>>.Of(y, target, 0, 0, _elements);
            _correct[sample] = LargestElement.First(y, _elements) == LargestElement.First(target, _elements) ? 1 : 0;
            if (!_dx.IsEmpty)
            {
                Gradient(y, target, _dx.At(sample, 0));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gradient(float* y, float* target, float* dx)
    {
        var factor = TSimd.Broadcast(2 * _factors.Gradient);
        for (var i = 0L; i < _elements; i += TSimd.Lanes)
        {
            var v = TSimd.Multiply(factor, TSimd.Subtract(TSimd.Load(y + i), TSimd.Load(target + i)));
            EpilogueRows<TSimd, TVector>.Store(dx + i, v, (int)Math.Min(TSimd.Lanes, _elements - i));
        }
    }
}
