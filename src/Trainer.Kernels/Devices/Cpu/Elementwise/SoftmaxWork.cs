using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Softmax or its logarithm over the channels of each pixel, and the way back. Lanes are pixels; sums over channels are Form C.</summary>
internal sealed unsafe class SoftmaxWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 4096;
    private const int ChainLength = 512;

    private int _channels;
    private int _pixels;
    private int _samples;
    private int _runSamples;
    private bool _log;
    private bool _isForward;
    private SampleRows _x;
    private SampleRows _dy;
    private GradientSteps _steps;
    private SampleRows _target;

    public void Forward(int channels, int pixels, int samples, bool log, SampleRows x, SampleRows y)
    {
        (_isForward, _x, _target) = (true, x, y);
        Execute(channels, pixels, samples, log);
    }

    public void Backward(int channels, int pixels, int samples, bool log, SampleRows y, SampleRows dy, GradientSteps steps, SampleRows dx)
    {
        (_isForward, _x, _dy, _steps, _target) = (false, y, dy, steps, dx);
        Execute(channels, pixels, samples, log);
    }

    public override void Run(int piece, int thread)
    {
        var end = Math.Min(_samples, (piece + 1) * _runSamples);
        for (var sample = piece * _runSamples; sample < end; sample++)
        {
            for (var pixel = 0; pixel < _pixels; pixel += TSimd.Lanes)
            {
                if (_isForward)
                {
                    ForwardPixels(_x.At(sample, pixel), _target.At(sample, pixel), Math.Min(TSimd.Lanes, _pixels - pixel));
                }
                else
                {
                    BackwardPixels(sample, pixel, Math.Min(TSimd.Lanes, _pixels - pixel));
                }
            }
        }
    }

    private void Execute(int channels, int pixels, int samples, bool log)
    {
        (_channels, _pixels, _samples, _log) = (channels, pixels, samples, log);
        _runSamples = (int)Math.Max(1, RunElements / ((long)channels * pixels));
        team.Run(this, (samples + _runSamples - 1) / _runSamples);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ForwardPixels(float* x, float* y, int count)
    {
        var largest = TSimd.Load(x);
        for (var c = 1; c < _channels; c++)
        {
            var value = TSimd.Load(x + ((long)c * _pixels));
            largest = TSimd.SelectLess(largest, value, value, largest);
        }

        var (total, chain) = (TSimd.Broadcast(0), TSimd.Broadcast(0));
        for (var c = 0; c < _channels; c++)
        {
            if (c % ChainLength == 0 && c > 0)
            {
                total = c == ChainLength ? chain : TSimd.Add(total, chain);
                chain = TSimd.Broadcast(0);
            }

            var shifted = TSimd.Subtract(TSimd.Load(x + ((long)c * _pixels)), largest);
            var e = VectorMath<TSimd, TVector>.ExpOfNonPositive(shifted);
            chain = TSimd.Add(chain, e);
            TSimd.StoreFirst(y + ((long)c * _pixels), _log ? shifted : e, count);
        }

        total = _channels > ChainLength ? TSimd.Add(total, chain) : chain;
        Finish(y, total, count);
    }

    /// <summary>y = e / sum, or (x - m) - log sum.</summary>
    private void Finish(float* y, TVector sum, int count)
    {
        if (_log)
        {
            var lanes = stackalloc float[16];
            TSimd.Store(lanes, sum);
            for (var i = 0; i < count; i++)
            {
                lanes[i] = ScalarMath<HostMath>.Log(lanes[i]);
            }

            sum = TSimd.Load(lanes);
        }

        for (var c = 0; c < _channels; c++, y += _pixels)
        {
            var value = TSimd.Load(y);
            TSimd.StoreFirst(y, _log ? TSimd.Subtract(value, sum) : TSimd.Divide(value, sum), count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void BackwardPixels(int sample, int pixel, int count)
    {
        var (total, chain) = (TSimd.Broadcast(0), TSimd.Broadcast(0));
        for (var c = 0; c < _channels; c++)
        {
            if (c % ChainLength == 0 && c > 0)
            {
                total = c == ChainLength ? chain : TSimd.Add(total, chain);
                chain = TSimd.Broadcast(0);
            }

            var place = ((long)c * _pixels) + pixel;
            var dy = TSimd.Load(_dy.At(sample, place));
            chain = _log ? TSimd.Add(chain, dy) : TSimd.MultiplyAdd(dy, TSimd.Load(_x.At(sample, place)), chain);
        }

        var sum = _channels > ChainLength ? TSimd.Add(total, chain) : chain;
        for (var c = 0; c < _channels; c++)
        {
            var place = ((long)c * _pixels) + pixel;
            var (y, dy) = (TSimd.Load(_x.At(sample, place)), TSimd.Load(_dy.At(sample, place)));
            var v = _log
                ? TSimd.Subtract(dy, TSimd.Multiply(VectorMath<TSimd, TVector>.ExpOfNonPositive(y), sum))
                : TSimd.Multiply(y, TSimd.Subtract(dy, sum));
            v = VectorEpilogue<TSimd, TVector>.Gradient(v, _steps.Activation, _steps.Output.At(sample, place), _steps.Addend.At(sample, place));
            TSimd.StoreFirst(_target.At(sample, place), v, count);
        }
    }
}
