using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>
/// x scaled where <see cref="DropoutDraw"/> keeps the element, else +0; then the epilogue of a gradient, if it is one. Draws are made again on the way
/// back, which costs less than a mask in memory.
/// </summary>
internal sealed unsafe class DropoutWork<TSimd, TVector>(ThreadTeam team) : SampleWork(team), IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly NativeBuffer _positions = new();
    private DropoutDraw _draw;
    private uint _purpose;
    private ulong _threshold;
    private float _scale;
    private int _pixels;
    private int* _position;
    private SampleRows _x;
    private GradientSteps _steps;
    private SampleRows _y;

    public void Execute(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, SampleRows x, GradientSteps steps, SampleRows y)
    {
        (_draw, _pixels, _purpose) = (draw, pixels, (draw.Layer * 256) + (uint)RandomPurpose.Dropout);
        (_threshold, _scale) = ((ulong)Math.Round(draw.P * 4294967296.0), draw.P < 1 ? (float)(1 / (1 - draw.P)) : 0);
        (_x, _steps, _y) = (x, steps, y);
        _position = _positions.Ensure<int>(slice.LocalSamples);
        var local = 0;
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var end = slice.FirstPosition(slice.Roots[root].Hi);
            for (var position = slice.FirstPosition(slice.Roots[root].Lo); position < end; position++)
            {
                _position[local++] = position;
            }
        }

        Execute(slice.LocalSamples, (long)channels * pixels);
    }

    public void Dispose() => _positions.Dispose();

    protected override void RunElementsOf(int sample, long first, int count)
    {
        if (_threshold >> 32 != 0)
        {
            KeepOrDrop(sample, first, count, false);
        }
        else if (_draw.PerChannel)
        {
            RunChannels(sample, first, count);
        }
        else
        {
            RunDraws(sample, first, count);
        }
    }

    private void RunChannels(int sample, long first, int count)
    {
        for (var end = first + count; first < end;)
        {
            var channel = (uint)(first / _pixels);
            var length = (int)(Math.Min(end, (channel + 1L) * _pixels) - first);
            var words = Philox.Block(_draw.Seed, channel / 4, (uint)_position[sample], (uint)_draw.Step, _purpose);
            KeepOrDrop(sample, first, length, words[(int)(channel % 4)] >= _threshold);
            first += length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void KeepOrDrop(int sample, long first, int count, bool keeps)
    {
        var x = _x.At(sample, first);
        var scale = TSimd.Broadcast(_scale);
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            Write(sample, first + i, keeps ? TSimd.Multiply(TSimd.Load(x + i), scale) : TSimd.Broadcast(0), count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunDraws(int sample, long first, int count)
    {
        var x = _x.At(sample, first);
        var (scale, threshold) = (TSimd.Broadcast(_scale), TSimd.BroadcastWord((uint)_threshold));
        for (var i = 0; i < count; i += 4 * TSimd.Lanes)
        {
            VectorPhilox<TSimd, TVector>.Words(
                _draw.Seed,
                (uint)((first + i) / 4),
                (uint)_position[sample],
                (uint)_draw.Step,
                _purpose,
                out var words0,
                out var words1,
                out var words2,
                out var words3);
            for (var part = 0; part < 4 && i + (part * TSimd.Lanes) < count; part++)
            {
                var words = part == 0 ? words0 : part == 1 ? words1 : part == 2 ? words2 : words3;
                var place = i + (part * TSimd.Lanes);
                var kept = TSimd.Multiply(TSimd.Load(x + place), scale);
                Write(sample, first + place, TSimd.SelectBelow(words, threshold, TSimd.Broadcast(0), kept), count - place);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int sample, long place, TVector value, int left)
    {
        value = VectorEpilogue<TSimd, TVector>.Gradient(
            value, _steps.Activation, _steps.Output.At(sample, place), _steps.Addend.At(sample, place));
        EpilogueRows<TSimd, TVector>.Store(_y.At(sample, place), value, left);
    }
}
