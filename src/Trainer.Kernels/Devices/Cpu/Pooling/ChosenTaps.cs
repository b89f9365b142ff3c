using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>Which tap of its window, r S + s, each output of max pooling took: a byte each, or an int where windows have more than 256 pixels.</summary>
internal readonly unsafe struct ChosenTaps(float* memory, in Pool2dGeometry g)
{
    private readonly bool _isByte = g.R * g.S <= 256;
    private readonly long _sampleElements = Device.MaxPoolSavedElements(g);

    /// <summary>Taps of <paramref name="count"/> outputs from number <paramref name="place"/> of the sample on. Nothing in evaluation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TSimd, TVector>(int sample, long place, int count, TVector taps)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        if (memory == null)
        {
            return;
        }

        if (_isByte && count == TSimd.Lanes)
        {
            TSimd.StoreBytes((byte*)(memory + (sample * _sampleElements)) + place, taps);
        }
        else
        {
            StoreSome<TSimd, TVector>(memory + (sample * _sampleElements), place, count, taps);
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void StoreSome<TSimd, TVector>(float* target, long place, int count, TVector taps)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        var values = stackalloc float[16];
        TSimd.Store(values, taps);
        for (var i = 0; i < count; i++)
        {
            if (_isByte)
            {
                ((byte*)target)[place + i] = (byte)values[i];
            }
            else
            {
                ((int*)target)[place + i] = (int)values[i];
            }
        }
    }
}
