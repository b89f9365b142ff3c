using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>
/// Loss, correctness and gradient per sample. exp is vectorised over classes; the sum over classes is Form C (ascending from +0, blocks
/// of 512), one addition after another. dx = e / sum - onehot.
/// </summary>
internal sealed unsafe class SoftmaxCrossEntropy<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 4096;
    private const int ChainLength = 512;

    private int _classes;
    private int _samples;
    private int _runSamples;
    private float* _logits;
    private int* _labels;
    private float* _loss;
    private byte* _correct;
    private float* _dx;

    public void Execute(int classes, int samples, float* logits, int* labels, float* loss, byte* correct, float* dx)
    {
        _classes = classes;
        _samples = samples;
        _logits = logits;
        _labels = labels;
        _loss = loss;
        _correct = correct;
        _dx = dx;
        _runSamples = Math.Max(1, RunElements / classes);
        scratch.EnsureOwn(classes);
        team.Run(this, (samples + _runSamples - 1) / _runSamples);
    }

    public override void Run(int piece, int thread)
    {
        var end = Math.Min(_samples, (piece + 1) * _runSamples);
        for (var sample = piece * _runSamples; sample < end; sample++)
        {
            RunSample(sample, scratch.Own(thread));
        }
    }

    private void RunSample(int sample, float* exponentials)
    {
        var logits = _logits + ((long)sample * _classes);
        var largest = 0;
        for (var i = 1; i < _classes; i++)
        {
            largest = logits[i] > logits[largest] ? i : largest;
        }

        var label = _labels[sample];
        Exponentials(logits, logits[largest], exponentials);
        var sum = SumInChains(exponentials);
        _loss[sample] = ScalarMath.Log(sum) - (logits[label] - logits[largest]);
        _correct[sample] = largest == label ? (byte)1 : (byte)0;
        if (_dx != null)
        {
            var dx = _dx + ((long)sample * _classes);
            Divide(exponentials, sum, dx);
            dx[label] -= 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Exponentials(float* logits, float largest, float* target)
    {
        for (var i = 0; i < _classes; i += TSimd.Lanes)
        {
            var left = Math.Min(TSimd.Lanes, _classes - i);
            var shifted = TSimd.Subtract(TSimd.LoadFirst(logits + i, left), TSimd.Broadcast(largest));
            TSimd.StoreFirst(target + i, VectorMath<TSimd, TVector>.ExpOfNonPositive(shifted), left);
        }
    }

    private float SumInChains(float* values)
    {
        var total = 0f;
        for (var first = 0; first < _classes; first += ChainLength)
        {
            var chain = 0f;
            for (var i = first; i < Math.Min(_classes, first + ChainLength); i++)
            {
                chain += values[i];
            }

            total = first == 0 ? chain : total + chain;
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Divide(float* values, float divisor, float* target)
    {
        for (var i = 0; i < _classes; i += TSimd.Lanes)
        {
            var left = Math.Min(TSimd.Lanes, _classes - i);
            TSimd.StoreFirst(target + i, TSimd.Divide(TSimd.LoadFirst(values + i, left), TSimd.Broadcast(divisor)), left);
        }
    }
}
