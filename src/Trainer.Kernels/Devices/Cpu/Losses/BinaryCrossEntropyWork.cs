using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Losses;

/// <summary>Per sample the sum of its outputs' binary cross entropies in Form L and whether the target is above 0 and as large as any where the first largest logit is; and dx. A piece of work is a run of samples.</summary>
internal sealed unsafe class BinaryCrossEntropyWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 2048;
    private const int VirtualLanes = 16;

    private LossFactors _factors;
    private long _elements;
    private int _samples;
    private int _runSamples;
    private float* _weights;
    private float* _positiveWeights;
    private SampleRows _logits;
    private SampleRows _target;
    private float* _loss;
    private float* _correct;
    private SampleRows _dx;

    /// <param name="dx">May be left out.</param>
    public void Execute(
        in LossFactors factors, long elements, int samples, float* weights, float* positiveWeights,
        SampleRows logits, SampleRows target, float* loss, float* correct, SampleRows dx)
    {
        (_factors, _elements, _samples) = (factors, elements, samples);
        (_logits, _target, _dx) = (logits, target, dx);
        _weights = weights;
        _positiveWeights = positiveWeights;
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
            var logits = _logits.At(sample, 0);
            var target = _target.At(sample, 0);
            _loss[sample] = _factors.Loss * Sum(logits, target);
            var wanted = target[LargestElement.First(target, _elements)];
            _correct[sample] = wanted > 0 && target[LargestElement.First(logits, _elements)] == wanted ? 1 : 0;
            if (!_dx.IsEmpty)
            {
                Gradient(logits, target, _dx.At(sample, 0));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Sum(float* logits, float* target)
    {
        var sums = stackalloc float[VirtualLanes];
        new Span<float>(sums, VirtualLanes).Clear();
        for (var i = 0L; i < _elements; i += TSimd.Lanes)
        {
            var lanes = sums + (i % VirtualLanes);
            var before = TSimd.Load(lanes);
            var value = LaneLoss<TSimd, TVector>.BinaryCrossEntropy(TSimd.Load(logits + i), TSimd.Load(target + i), TSimd.Load(_positiveWeights + i));
            var after = TSimd.MultiplyAdd(TSimd.Load(_weights + i), value, before);
            TSimd.Store(lanes, TSimd.SelectFirst((int)Math.Min(TSimd.Lanes, _elements - i), after, before));
        }

        return LaneSum<TSimd, TVector, ValueTerm<TSimd, TVector>>.Of(sums, sums, 0, 0, VirtualLanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gradient(float* logits, float* target, float* dx)
    {
        var factor = TSimd.Broadcast(_factors.Gradient);
        for (var i = 0L; i < _elements; i += TSimd.Lanes)
        {
            var v = LaneLoss<TSimd, TVector>.BinaryCrossEntropyGradient(TSimd.Load(logits + i), TSimd.Load(target + i), TSimd.Load(_positiveWeights + i));
            v = TSimd.Multiply(TSimd.Multiply(factor, TSimd.Load(_weights + i)), v);
            EpilogueRows<TSimd, TVector>.Store(dx + i, v, (int)Math.Min(TSimd.Lanes, _elements - i));
        }
    }
}
