using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>Which tap of its window, r S + s, each output of max pooling took: a byte each, or an int where windows have more than 256 pixels.</summary>
internal readonly unsafe struct ChosenTaps(float* memory, in Pool2dGeometry g)
{
    private readonly bool _isByte = g.R * g.S <= 256;
    private readonly long _sampleElements = g.ChosenElements;

    /// <summary>The byte of an output; null in evaluation.</summary>
    public byte* BytesAt(int sample, long place) => memory == null ? null : (byte*)(memory + (sample * _sampleElements)) + place;

    /// <summary>Takes the taps of <paramref name="count"/> outputs from number <paramref name="place"/> of the sample on. Nothing in evaluation.</summary>
    /// <param name="room">Outputs from there on that may be written, and will be written again.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store<TSimd, TVector>(int sample, long place, int count, int room, float* taps)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        if (memory == null)
        {
            return;
        }

        var target = memory + (sample * _sampleElements);
        var i = 0;
        for (; _isByte && i < count && i + TSimd.Lanes <= room; i += TSimd.Lanes)
        {
            TSimd.StoreBytes((byte*)target + place + i, TSimd.Load(taps + i));
        }

        for (; i < count; i++)
        {
            if (_isByte)
            {
                ((byte*)target)[place + i] = (byte)taps[i];
            }
            else
            {
                ((int*)target)[place + i] = (int)taps[i];
            }
        }
    }

    /// <summary>Writes taps as float32 to the target; outputs beyond <paramref name="count"/> get any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load<TSimd, TVector>(int sample, long place, int count, float* target)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        var source = memory + (sample * _sampleElements);
        if (!_isByte)
        {
            for (var i = 0; i < count; i++)
            {
                target[i] = ((int*)source)[place + i];
            }

            return;
        }

        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            TSimd.Store(target + i, TSimd.LoadBytes((byte*)source + place + i));
        }
    }
}
