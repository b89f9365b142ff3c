using System.Runtime.CompilerServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>Normalisation by neighbouring channels, both ways. Lanes are pixels; a piece of work is all channels of a run of them, of one sample or of some small ones.</summary>
internal sealed unsafe class LocalResponseWork<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 4096;

    private LocalResponseGeometry _g;
    private int _samples;
    private int _runPixels;
    private int _runs;
    private bool _isForward;
    private SampleRows _x;
    private SampleRows _dy;
    private float* _saved;
    private GradientSteps _steps;
    private SampleRows _target;

    /// <param name="saved">Null: not wanted.</param>
    public void Forward(in LocalResponseGeometry g, int samples, SampleRows x, float* saved, SampleRows y)
    {
        (_isForward, _x, _target) = (true, x, y);
        Execute(g, samples, saved);
    }

    public void Backward(in LocalResponseGeometry g, int samples, SampleRows x, SampleRows dy, float* saved, GradientSteps steps, SampleRows dx)
    {
        (_isForward, _x, _dy, _steps, _target) = (false, x, dy, steps, dx);
        Execute(g, samples, saved);
    }

    public override void Run(int piece, int thread)
    {
        var (sample, first) = (piece / _runs, piece % _runs * _runPixels);
        var end = Math.Min(_g.Pixels, first + _runPixels);
        var powers = _saved == null ? null : _saved + (2L * sample * _g.C * _g.Pixels);
        for (var pixel = first; pixel < end; pixel += TSimd.Lanes)
        {
            var count = Math.Min(TSimd.Lanes, end - pixel);
            if (_isForward)
            {
                ForwardPixels(sample, pixel, count, powers);
            }
            else
            {
                FillTerms(sample, pixel, count, powers);
                BackwardPixels(sample, pixel, count, powers);
            }
        }
    }

    private void Execute(in LocalResponseGeometry g, int samples, float* saved)
    {
        (_g, _samples) = (g, samples);
        _saved = saved;
        _runPixels = Math.Max(1, RunElements / g.C / TSimd.Lanes) * TSimd.Lanes;
        _runs = (g.Pixels + _runPixels - 1) / _runPixels;
        team.Run(this, checked(_samples * _runs));
    }

    /// <param name="powers">Of the sample; d lies behind them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ForwardPixels(int sample, int pixel, int count, float* powers)
    {
        var (scale, beta, k) = (TSimd.Broadcast(_g.Scale), TSimd.Broadcast(_g.Beta), TSimd.Broadcast(_g.K));
        var x = _x.At(sample, pixel);
        for (var c = 0; c < _g.C; c++)
        {
            var sum = TSimd.Broadcast(0);
            for (var other = Math.Max(0, c - _g.Before); other <= Math.Min(_g.C - 1, c + _g.Behind); other++)
            {
                var value = TSimd.Load(x + ((long)other * _g.Pixels));
                sum = TSimd.MultiplyAdd(value, value, sum);
            }

            var place = (long)c * _g.Pixels;
            var d = TSimd.MultiplyAdd(scale, sum, k);
            var power = VectorMath<TSimd, TVector>.NegativePower(d, beta);
            EpilogueRows<TSimd, TVector>.Store(_target.At(sample, pixel + place), TSimd.Multiply(TSimd.Load(x + place), power), count);
            if (powers != null)
            {
                EpilogueRows<TSimd, TVector>.Store(powers + pixel + place, power, count);
                EpilogueRows<TSimd, TVector>.Store(powers + pixel + place + ((long)_g.C * _g.Pixels), d, count);
            }
        }
    }

    /// <summary>q in the place of d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillTerms(int sample, int pixel, int count, float* powers)
    {
        for (var c = 0; c < _g.C; c++)
        {
            var place = pixel + ((long)c * _g.Pixels);
            var d = powers + place + ((long)_g.C * _g.Pixels);
            var product = TSimd.Multiply(TSimd.Multiply(TSimd.Load(_dy.At(sample, place)), TSimd.Load(_x.At(sample, place))), TSimd.Load(powers + place));
            EpilogueRows<TSimd, TVector>.Store(d, TSimd.Divide(product, TSimd.Load(d)), count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void BackwardPixels(int sample, int pixel, int count, float* powers)
    {
        var scale = TSimd.Broadcast(-_g.GradientScale);
        var terms = powers + pixel + ((long)_g.C * _g.Pixels);
        for (var c = 0; c < _g.C; c++)
        {
            var sum = TSimd.Broadcast(0);
            for (var other = Math.Max(0, c - _g.Behind); other <= Math.Min(_g.C - 1, c + _g.Before); other++)
            {
                sum = TSimd.Add(sum, TSimd.Load(terms + ((long)other * _g.Pixels)));
            }

            var place = pixel + ((long)c * _g.Pixels);
            var direct = TSimd.Multiply(TSimd.Load(_dy.At(sample, place)), TSimd.Load(powers + place));
            var v = TSimd.MultiplyAdd(TSimd.Multiply(scale, TSimd.Load(_x.At(sample, place))), sum, direct);
            v = VectorEpilogue<TSimd, TVector>.Gradient(v, _steps.Activation, _steps.Output.At(sample, place), _steps.Addend.At(sample, place));
            EpilogueRows<TSimd, TVector>.Store(_target.At(sample, place), v, count);
        }
    }
}
