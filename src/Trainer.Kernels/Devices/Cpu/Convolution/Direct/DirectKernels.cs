using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>
/// Micro-kernels that read B where it lies: term i is the vectors from source + offsets[i] on. Otherwise as
/// <see cref="MicroKernels{TSimd,TVector}"/>: A is packed (k x rows), one accumulator per output, Form C. Rows of sums are a stride apart.
/// </summary>
internal static unsafe class DirectKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>6 rows x 4 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Vectors4(nint k, float* a, int* offsets, float* source, float* sums, nint stride)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero, c0c = zero, c0d = zero;
        TVector c1a = zero, c1b = zero, c1c = zero, c1d = zero;
        TVector c2a = zero, c2b = zero, c2c = zero, c2d = zero;
        TVector c3a = zero, c3b = zero, c3c = zero, c3d = zero;
        TVector c4a = zero, c4b = zero, c4c = zero, c4d = zero;
        TVector c5a = zero, c5b = zero, c5c = zero, c5d = zero;
        for (var end = a + (k * 6); a < end; a += 6, offsets++)
        {
            var b = source + *offsets;
            TVector x = TSimd.Load(b), y = TSimd.Load(b + TSimd.Lanes), z = TSimd.Load(b + (2 * TSimd.Lanes)), w = TSimd.Load(b + (3 * TSimd.Lanes));
            var m = TSimd.Broadcast(a[0]);
            c0a = TSimd.MultiplyAdd(m, x, c0a);
            c0b = TSimd.MultiplyAdd(m, y, c0b);
            c0c = TSimd.MultiplyAdd(m, z, c0c);
            c0d = TSimd.MultiplyAdd(m, w, c0d);
            m = TSimd.Broadcast(a[1]);
            c1a = TSimd.MultiplyAdd(m, x, c1a);
            c1b = TSimd.MultiplyAdd(m, y, c1b);
            c1c = TSimd.MultiplyAdd(m, z, c1c);
            c1d = TSimd.MultiplyAdd(m, w, c1d);
            m = TSimd.Broadcast(a[2]);
            c2a = TSimd.MultiplyAdd(m, x, c2a);
            c2b = TSimd.MultiplyAdd(m, y, c2b);
            c2c = TSimd.MultiplyAdd(m, z, c2c);
            c2d = TSimd.MultiplyAdd(m, w, c2d);
            m = TSimd.Broadcast(a[3]);
            c3a = TSimd.MultiplyAdd(m, x, c3a);
            c3b = TSimd.MultiplyAdd(m, y, c3b);
            c3c = TSimd.MultiplyAdd(m, z, c3c);
            c3d = TSimd.MultiplyAdd(m, w, c3d);
            m = TSimd.Broadcast(a[4]);
            c4a = TSimd.MultiplyAdd(m, x, c4a);
            c4b = TSimd.MultiplyAdd(m, y, c4b);
            c4c = TSimd.MultiplyAdd(m, z, c4c);
            c4d = TSimd.MultiplyAdd(m, w, c4d);
            m = TSimd.Broadcast(a[5]);
            c5a = TSimd.MultiplyAdd(m, x, c5a);
            c5b = TSimd.MultiplyAdd(m, y, c5b);
            c5c = TSimd.MultiplyAdd(m, z, c5c);
            c5d = TSimd.MultiplyAdd(m, w, c5d);
        }

        TSimd.Store(sums, c0a);
        TSimd.Store(sums + TSimd.Lanes, c0b);
        TSimd.Store(sums + (2 * TSimd.Lanes), c0c);
        TSimd.Store(sums + (3 * TSimd.Lanes), c0d);
        TSimd.Store(sums + stride, c1a);
        TSimd.Store(sums + stride + TSimd.Lanes, c1b);
        TSimd.Store(sums + stride + (2 * TSimd.Lanes), c1c);
        TSimd.Store(sums + stride + (3 * TSimd.Lanes), c1d);
        TSimd.Store(sums + (2 * stride), c2a);
        TSimd.Store(sums + (2 * stride) + TSimd.Lanes, c2b);
        TSimd.Store(sums + (2 * stride) + (2 * TSimd.Lanes), c2c);
        TSimd.Store(sums + (2 * stride) + (3 * TSimd.Lanes), c2d);
        TSimd.Store(sums + (3 * stride), c3a);
        TSimd.Store(sums + (3 * stride) + TSimd.Lanes, c3b);
        TSimd.Store(sums + (3 * stride) + (2 * TSimd.Lanes), c3c);
        TSimd.Store(sums + (3 * stride) + (3 * TSimd.Lanes), c3d);
        TSimd.Store(sums + (4 * stride), c4a);
        TSimd.Store(sums + (4 * stride) + TSimd.Lanes, c4b);
        TSimd.Store(sums + (4 * stride) + (2 * TSimd.Lanes), c4c);
        TSimd.Store(sums + (4 * stride) + (3 * TSimd.Lanes), c4d);
        TSimd.Store(sums + (5 * stride), c5a);
        TSimd.Store(sums + (5 * stride) + TSimd.Lanes, c5b);
        TSimd.Store(sums + (5 * stride) + (2 * TSimd.Lanes), c5c);
        TSimd.Store(sums + (5 * stride) + (3 * TSimd.Lanes), c5d);
    }

    /// <summary>6 rows x 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Vectors2(nint k, float* a, int* offsets, float* source, float* sums, nint stride)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        TVector c5a = zero, c5b = zero;
        for (var end = a + (k * 6); a < end; a += 6, offsets++)
        {
            var b = source + *offsets;
            TVector x = TSimd.Load(b), y = TSimd.Load(b + TSimd.Lanes);
            var m = TSimd.Broadcast(a[0]);
            c0a = TSimd.MultiplyAdd(m, x, c0a);
            c0b = TSimd.MultiplyAdd(m, y, c0b);
            m = TSimd.Broadcast(a[1]);
            c1a = TSimd.MultiplyAdd(m, x, c1a);
            c1b = TSimd.MultiplyAdd(m, y, c1b);
            m = TSimd.Broadcast(a[2]);
            c2a = TSimd.MultiplyAdd(m, x, c2a);
            c2b = TSimd.MultiplyAdd(m, y, c2b);
            m = TSimd.Broadcast(a[3]);
            c3a = TSimd.MultiplyAdd(m, x, c3a);
            c3b = TSimd.MultiplyAdd(m, y, c3b);
            m = TSimd.Broadcast(a[4]);
            c4a = TSimd.MultiplyAdd(m, x, c4a);
            c4b = TSimd.MultiplyAdd(m, y, c4b);
            m = TSimd.Broadcast(a[5]);
            c5a = TSimd.MultiplyAdd(m, x, c5a);
            c5b = TSimd.MultiplyAdd(m, y, c5b);
        }

        TSimd.Store(sums, c0a);
        TSimd.Store(sums + TSimd.Lanes, c0b);
        TSimd.Store(sums + stride, c1a);
        TSimd.Store(sums + stride + TSimd.Lanes, c1b);
        TSimd.Store(sums + (2 * stride), c2a);
        TSimd.Store(sums + (2 * stride) + TSimd.Lanes, c2b);
        TSimd.Store(sums + (3 * stride), c3a);
        TSimd.Store(sums + (3 * stride) + TSimd.Lanes, c3b);
        TSimd.Store(sums + (4 * stride), c4a);
        TSimd.Store(sums + (4 * stride) + TSimd.Lanes, c4b);
        TSimd.Store(sums + (5 * stride), c5a);
        TSimd.Store(sums + (5 * stride) + TSimd.Lanes, c5b);
    }

    /// <summary>1 row x 8 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Vectors8(nint k, float* a, int* offsets, float* source, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0 = zero, c1 = zero, c2 = zero, c3 = zero, c4 = zero, c5 = zero, c6 = zero, c7 = zero;
        for (var end = a + k; a < end; a++, offsets++)
        {
            var b = source + *offsets;
            var m = TSimd.Broadcast(*a);
            c0 = TSimd.MultiplyAdd(m, TSimd.Load(b), c0);
            c1 = TSimd.MultiplyAdd(m, TSimd.Load(b + TSimd.Lanes), c1);
            c2 = TSimd.MultiplyAdd(m, TSimd.Load(b + (2 * TSimd.Lanes)), c2);
            c3 = TSimd.MultiplyAdd(m, TSimd.Load(b + (3 * TSimd.Lanes)), c3);
            c4 = TSimd.MultiplyAdd(m, TSimd.Load(b + (4 * TSimd.Lanes)), c4);
            c5 = TSimd.MultiplyAdd(m, TSimd.Load(b + (5 * TSimd.Lanes)), c5);
            c6 = TSimd.MultiplyAdd(m, TSimd.Load(b + (6 * TSimd.Lanes)), c6);
            c7 = TSimd.MultiplyAdd(m, TSimd.Load(b + (7 * TSimd.Lanes)), c7);
        }

        TSimd.Store(sums, c0);
        TSimd.Store(sums + TSimd.Lanes, c1);
        TSimd.Store(sums + (2 * TSimd.Lanes), c2);
        TSimd.Store(sums + (3 * TSimd.Lanes), c3);
        TSimd.Store(sums + (4 * TSimd.Lanes), c4);
        TSimd.Store(sums + (5 * TSimd.Lanes), c5);
        TSimd.Store(sums + (6 * TSimd.Lanes), c6);
        TSimd.Store(sums + (7 * TSimd.Lanes), c7);
    }

    /// <summary>1 row x 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1Vectors2(nint k, float* a, int* offsets, float* source, float* sums)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0 = zero, c1 = zero;
        for (var end = a + k; a < end; a++, offsets++)
        {
            var b = source + *offsets;
            var m = TSimd.Broadcast(*a);
            c0 = TSimd.MultiplyAdd(m, TSimd.Load(b), c0);
            c1 = TSimd.MultiplyAdd(m, TSimd.Load(b + TSimd.Lanes), c1);
        }

        TSimd.Store(sums, c0);
        TSimd.Store(sums + TSimd.Lanes, c1);
    }
}

internal static unsafe class DirectKernelChoice<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <param name="channels">1 or 6.</param>
    /// <param name="width">2 vectors, or the 4 that six channels leave registers for with 16 lanes, or the 8 that one does.</param>
    public static void Run(int channels, int width, nint k, float* a, int* offsets, float* source, float* sums, nint stride)
    {
        switch (channels, width / TSimd.Lanes)
        {
            case (1, 8):
                DirectKernels<TSimd, TVector>.Rows1Vectors8(k, a, offsets, source, sums);
                break;
            case (1, _):
                DirectKernels<TSimd, TVector>.Rows1Vectors2(k, a, offsets, source, sums);
                break;
            case (_, 4):
                DirectKernels<TSimd, TVector>.Rows6Vectors4(k, a, offsets, source, sums, stride);
                break;
            default:
                DirectKernels<TSimd, TVector>.Rows6Vectors2(k, a, offsets, source, sums, stride);
                break;
        }
    }
}
