using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Patches;

/// <summary>
/// The images of a <see cref="PatchLayout"/> with a stride, cut into their phases: element (h, w) of a channel lies in image (h mod stride, w mod stride) at
/// (h / stride, w / stride), so that what neighbouring pixels look at through one tap are neighbours. Without a stride, the images as they are.
/// </summary>
internal sealed unsafe class PhaseImage : IDisposable
{
    private readonly NativeBuffer _offsets = new();
    private PatchLayout? _patches;
    private int _height;

    /// <summary>Whether there is nothing to cut.</summary>
    public bool IsPlain => _patches!.StrideRows == 1 && _patches.ColumnStep == 1;

    /// <summary>Elements from a row of pixels to the next.</summary>
    public int Width { get; private set; }

    public long Elements => _patches!.Channels * ChannelElements;

    /// <summary>Where what a tap looks at begins, for each term of a dot product.</summary>
    public int* Offsets { get; private set; }

    private long PhaseElements => (long)_height * Width;

    private long ChannelElements => PhaseElements * _patches!.StrideRows * _patches.ColumnStep;

    public static int WidthOf(PatchLayout patches) => (patches.Width + patches.ColumnStep - 1) / patches.ColumnStep;

    public void Describe(PatchLayout patches, int depth)
    {
        (_patches, Width) = (patches, WidthOf(patches));
        _height = (patches.Height + patches.StrideRows - 1) / patches.StrideRows;
        Offsets = _offsets.Ensure<int>(depth);
        for (var k = 0; k < depth; k++)
        {
            var (line, column) = Math.DivRem(patches.Offsets[k], patches.Width);
            var (channel, row) = Math.DivRem(line, patches.Height);
            var phase = (row % patches.StrideRows * patches.ColumnStep) + (column % patches.ColumnStep);
            var place = (row / patches.StrideRows * Width) + (column / patches.ColumnStep);
            Offsets[k] = checked((int)((channel * ChannelElements) + (phase * PhaseElements) + place));
        }
    }

    /// <summary>Cuts images with borders.</summary>
    public void Split<TSimd, TVector>(float* images, float* phases)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        var (patches, step) = (_patches!, _patches!.ColumnStep);
        for (var channel = 0; channel < patches.Channels; channel++, images += (long)patches.Height * patches.Width)
        {
            for (var row = 0; row < patches.Height; row++)
            {
                var (line, phase) = Math.DivRem(row, patches.StrideRows);
                var target = phases + (channel * ChannelElements) + (phase * step * PhaseElements) + ((long)line * Width);
                SplitRow<TSimd, TVector>(images + ((long)row * patches.Width), patches.Width, step, target, (nint)PhaseElements);
            }
        }
    }

    public void Dispose() => _offsets.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SplitRow<TSimd, TVector>(float* source, int width, nint step, float* target, nint phaseElements)
        where TSimd : ISimd<TVector>
        where TVector : struct
    {
        nint done = 0;
        for (; step == 2 && done + (2 * TSimd.Lanes) <= width; done += 2 * TSimd.Lanes)
        {
            TSimd.Deinterleave(TSimd.Load(source + done), TSimd.Load(source + done + TSimd.Lanes), out var even, out var odd);
            TSimd.Store(target + (done / 2), even);
            TSimd.Store(target + phaseElements + (done / 2), odd);
        }

        for (; done < width; done++)
        {
            target[(done % step * phaseElements) + (done / step)] = source[done];
        }
    }
}
