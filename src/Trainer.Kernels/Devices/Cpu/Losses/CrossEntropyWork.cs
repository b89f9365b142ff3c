using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Losses;

/// <summary>Loss, correctness and gradient per sample. exp is vectorised over classes; sums over classes are Form C, one addition after another.</summary>
/// <remarks>
/// With targets t_c = w_c ((1 - smoothing) onehot(label)_c + smoothing / classes), of two labels the onehot of each in its share, and p = e / s: loss = sum of t_c (-log p_c) and
/// dx = p T - t, T = sum of t. The label's own part is kept apart from what all classes have, so without options dx = e / s - onehot(label).
/// </remarks>
internal sealed unsafe class CrossEntropyWork<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 4096;
    private const int ChainLength = 512;

    private int _classes;
    private int _samples;
    private int _runSamples;
    private int? _ignored;
    private float _hit;
    private float _share;
    private float* _weights;
    private float _weightSum;
    private SampleRows _logits;
    private int* _labels;
    private int* _others;
    private LabelShares _shares;
    private float* _loss;
    private float* _correct;
    private SampleRows _dx;

    /// <param name="weights">Of classes; null: 1.</param>
    /// <param name="others">Second labels; null: there are none.</param>
    /// <param name="dx">May be left out.</param>
    public void Execute(
        in CrossEntropyOptions options, float* weights, int classes, int samples, SampleRows logits, int* labels, int* others, float* loss, float* correct, SampleRows dx)
    {
        (_classes, _samples, _logits, _dx) = (classes, samples, logits, dx);
        (_ignored, _hit, _share) = (options.IgnoreIndex, 1 - options.LabelSmoothing, options.LabelSmoothing / classes);
        _weights = weights;
        _labels = labels;
        _others = others;
        _shares = others == null ? new LabelShares(1, 0) : options.Shares;
        _loss = loss;
        _correct = correct;
        _weightSum = weights == null ? classes : SumInChains(weights, null);
        _runSamples = Math.Max(1, RunElements / classes);
        scratch.EnsureOwn(classes);
        team.Run(this, (samples + _runSamples - 1) / _runSamples);
    }

    public override void Run(int piece, int thread)
    {
        var end = Math.Min(_samples, (piece + 1) * _runSamples);
        for (var sample = piece * _runSamples; sample < end; sample++)
        {
            if (_labels[sample] == _ignored)
            {
                (_loss[sample], _correct[sample]) = (0, 0);
                if (!_dx.IsEmpty)
                {
                    new Span<float>(_dx.At(sample, 0), _classes).Clear();
                }
            }
            else
            {
                RunSample(sample, scratch.Own(thread));
            }
        }
    }

    private void RunSample(int sample, float* exponentials)
    {
        var logits = _logits.At(sample, 0);
        var largest = 0;
        for (var i = 1; i < _classes; i++)
        {
            largest = logits[i] > logits[largest] ? i : largest;
        }

        var label = _labels[sample];
        Exponentials(logits, logits[largest], exponentials);
        var sum = SumInChains(exponentials, null);
        var logSum = ScalarMath<HostMath>.Log(sum);
        var target = WeightOf(label) * _hit * _shares.First;
        var (other, otherTarget) = (label, 0f);
        if (_others != null)
        {
            other = _others[sample];
            otherTarget = WeightOf(other) * _hit * _shares.Second;
        }

        _loss[sample] = target * (logSum - (logits[label] - logits[largest]));
        _correct[sample] = largest == (_shares.First >= _shares.Second ? label : other) ? 1 : 0;
        if (_others != null)
        {
            _loss[sample] = MathF.FusedMultiplyAdd(otherTarget, logSum - (logits[other] - logits[largest]), _loss[sample]);
        }

        if (!_dx.IsEmpty)
        {
            var dx = _dx.At(sample, 0);
            Gradient(exponentials, sum, MathF.FusedMultiplyAdd(_share, _weightSum, target + otherTarget), dx);
            dx[label] -= target;
            dx[other] -= otherTarget;
        }

        if (_share != 0)
        {
            for (var i = 0; i < _classes; i++)
            {
                exponentials[i] = logSum - (logits[i] - logits[largest]);
            }

            _loss[sample] = MathF.FusedMultiplyAdd(_share, SumInChains(exponentials, _weights), _loss[sample]);
        }
    }

    private float WeightOf(int label) => _weights == null ? 1 : _weights[label];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Exponentials(float* logits, float largest, float* target)
    {
        for (var i = 0; i < _classes; i += TSimd.Lanes)
        {
            var shifted = TSimd.Subtract(TSimd.Load(logits + i), TSimd.Broadcast(largest));
            EpilogueRows<TSimd, TVector>.Store(target + i, VectorMath<TSimd, TVector>.ExpOfNonPositive(shifted), _classes - i);
        }
    }

    /// <param name="factors">Null: 1.</param>
    private float SumInChains(float* values, float* factors)
    {
        var total = 0f;
        for (var first = 0; first < _classes; first += ChainLength)
        {
            var chain = 0f;
            for (var i = first; i < Math.Min(_classes, first + ChainLength); i++)
            {
                chain = factors == null ? chain + values[i] : MathF.FusedMultiplyAdd(factors[i], values[i], chain);
            }

            total = first == 0 ? chain : total + chain;
        }

        return total;
    }

    /// <summary>dx = (e / s) T - share w_c</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gradient(float* values, float sum, float targets, float* dx)
    {
        var (divisor, factor, share, one) = (TSimd.Broadcast(sum), TSimd.Broadcast(targets), TSimd.Broadcast(_share), TSimd.Broadcast(1));
        for (var i = 0; i < _classes; i += TSimd.Lanes)
        {
            var weight = _weights == null ? one : TSimd.Load(_weights + i);
            var v = TSimd.Multiply(TSimd.Divide(TSimd.Load(values + i), divisor), factor);
            EpilogueRows<TSimd, TVector>.Store(dx + i, TSimd.Subtract(v, TSimd.Multiply(share, weight)), _classes - i);
        }
    }
}
