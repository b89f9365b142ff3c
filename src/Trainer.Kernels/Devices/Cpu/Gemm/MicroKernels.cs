using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// Register-blocked micro-kernels: tile (rows x columns) = the chains, from +0, over k steps of a packed panel of A (k x rows)
/// and a packed panel of B (k x columns). One accumulator per output, k ascending, fused: Form C, whatever the tile's size.
/// </summary>
/// <remarks>
/// Unrolled by hand and leaf methods all: with this many accumulators alive, a loop over them, a call or a stackalloc makes the JIT
/// spill every one. Sizes leave registers for the vectors of B and one broadcast: 24 + 4 + 1 of AVX-512's 32; 12 + 3 + 1 of 16.
/// </remarks>
internal static unsafe class MicroKernels<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>12 rows x 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12Vectors2(nint k, float* a, float* b, float* tile)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        TVector c5a = zero, c5b = zero;
        TVector c6a = zero, c6b = zero;
        TVector c7a = zero, c7b = zero;
        TVector c8a = zero, c8b = zero;
        TVector c9a = zero, c9b = zero;
        TVector c10a = zero, c10b = zero;
        TVector c11a = zero, c11b = zero;
        for (var end = b + (k * 2 * TSimd.Lanes); b < end; b += 2 * TSimd.Lanes, a += 12)
        {
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
            m = TSimd.Broadcast(a[6]);
            c6a = TSimd.MultiplyAdd(m, x, c6a);
            c6b = TSimd.MultiplyAdd(m, y, c6b);
            m = TSimd.Broadcast(a[7]);
            c7a = TSimd.MultiplyAdd(m, x, c7a);
            c7b = TSimd.MultiplyAdd(m, y, c7b);
            m = TSimd.Broadcast(a[8]);
            c8a = TSimd.MultiplyAdd(m, x, c8a);
            c8b = TSimd.MultiplyAdd(m, y, c8b);
            m = TSimd.Broadcast(a[9]);
            c9a = TSimd.MultiplyAdd(m, x, c9a);
            c9b = TSimd.MultiplyAdd(m, y, c9b);
            m = TSimd.Broadcast(a[10]);
            c10a = TSimd.MultiplyAdd(m, x, c10a);
            c10b = TSimd.MultiplyAdd(m, y, c10b);
            m = TSimd.Broadcast(a[11]);
            c11a = TSimd.MultiplyAdd(m, x, c11a);
            c11b = TSimd.MultiplyAdd(m, y, c11b);
        }

        TSimd.Store(tile, c0a);
        TSimd.Store(tile + TSimd.Lanes, c0b);
        TSimd.Store(tile + (2 * TSimd.Lanes), c1a);
        TSimd.Store(tile + (3 * TSimd.Lanes), c1b);
        TSimd.Store(tile + (4 * TSimd.Lanes), c2a);
        TSimd.Store(tile + (5 * TSimd.Lanes), c2b);
        TSimd.Store(tile + (6 * TSimd.Lanes), c3a);
        TSimd.Store(tile + (7 * TSimd.Lanes), c3b);
        TSimd.Store(tile + (8 * TSimd.Lanes), c4a);
        TSimd.Store(tile + (9 * TSimd.Lanes), c4b);
        TSimd.Store(tile + (10 * TSimd.Lanes), c5a);
        TSimd.Store(tile + (11 * TSimd.Lanes), c5b);
        TSimd.Store(tile + (12 * TSimd.Lanes), c6a);
        TSimd.Store(tile + (13 * TSimd.Lanes), c6b);
        TSimd.Store(tile + (14 * TSimd.Lanes), c7a);
        TSimd.Store(tile + (15 * TSimd.Lanes), c7b);
        TSimd.Store(tile + (16 * TSimd.Lanes), c8a);
        TSimd.Store(tile + (17 * TSimd.Lanes), c8b);
        TSimd.Store(tile + (18 * TSimd.Lanes), c9a);
        TSimd.Store(tile + (19 * TSimd.Lanes), c9b);
        TSimd.Store(tile + (20 * TSimd.Lanes), c10a);
        TSimd.Store(tile + (21 * TSimd.Lanes), c10b);
        TSimd.Store(tile + (22 * TSimd.Lanes), c11a);
        TSimd.Store(tile + (23 * TSimd.Lanes), c11b);
    }

    /// <summary>8 rows x 3 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8Vectors3(nint k, float* a, float* b, float* tile)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero, c0c = zero;
        TVector c1a = zero, c1b = zero, c1c = zero;
        TVector c2a = zero, c2b = zero, c2c = zero;
        TVector c3a = zero, c3b = zero, c3c = zero;
        TVector c4a = zero, c4b = zero, c4c = zero;
        TVector c5a = zero, c5b = zero, c5c = zero;
        TVector c6a = zero, c6b = zero, c6c = zero;
        TVector c7a = zero, c7b = zero, c7c = zero;
        for (var end = b + (k * 3 * TSimd.Lanes); b < end; b += 3 * TSimd.Lanes, a += 8)
        {
            TVector x = TSimd.Load(b), y = TSimd.Load(b + TSimd.Lanes), z = TSimd.Load(b + (2 * TSimd.Lanes));
            var m = TSimd.Broadcast(a[0]);
            c0a = TSimd.MultiplyAdd(m, x, c0a);
            c0b = TSimd.MultiplyAdd(m, y, c0b);
            c0c = TSimd.MultiplyAdd(m, z, c0c);
            m = TSimd.Broadcast(a[1]);
            c1a = TSimd.MultiplyAdd(m, x, c1a);
            c1b = TSimd.MultiplyAdd(m, y, c1b);
            c1c = TSimd.MultiplyAdd(m, z, c1c);
            m = TSimd.Broadcast(a[2]);
            c2a = TSimd.MultiplyAdd(m, x, c2a);
            c2b = TSimd.MultiplyAdd(m, y, c2b);
            c2c = TSimd.MultiplyAdd(m, z, c2c);
            m = TSimd.Broadcast(a[3]);
            c3a = TSimd.MultiplyAdd(m, x, c3a);
            c3b = TSimd.MultiplyAdd(m, y, c3b);
            c3c = TSimd.MultiplyAdd(m, z, c3c);
            m = TSimd.Broadcast(a[4]);
            c4a = TSimd.MultiplyAdd(m, x, c4a);
            c4b = TSimd.MultiplyAdd(m, y, c4b);
            c4c = TSimd.MultiplyAdd(m, z, c4c);
            m = TSimd.Broadcast(a[5]);
            c5a = TSimd.MultiplyAdd(m, x, c5a);
            c5b = TSimd.MultiplyAdd(m, y, c5b);
            c5c = TSimd.MultiplyAdd(m, z, c5c);
            m = TSimd.Broadcast(a[6]);
            c6a = TSimd.MultiplyAdd(m, x, c6a);
            c6b = TSimd.MultiplyAdd(m, y, c6b);
            c6c = TSimd.MultiplyAdd(m, z, c6c);
            m = TSimd.Broadcast(a[7]);
            c7a = TSimd.MultiplyAdd(m, x, c7a);
            c7b = TSimd.MultiplyAdd(m, y, c7b);
            c7c = TSimd.MultiplyAdd(m, z, c7c);
        }

        TSimd.Store(tile, c0a);
        TSimd.Store(tile + TSimd.Lanes, c0b);
        TSimd.Store(tile + (2 * TSimd.Lanes), c0c);
        TSimd.Store(tile + (3 * TSimd.Lanes), c1a);
        TSimd.Store(tile + (4 * TSimd.Lanes), c1b);
        TSimd.Store(tile + (5 * TSimd.Lanes), c1c);
        TSimd.Store(tile + (6 * TSimd.Lanes), c2a);
        TSimd.Store(tile + (7 * TSimd.Lanes), c2b);
        TSimd.Store(tile + (8 * TSimd.Lanes), c2c);
        TSimd.Store(tile + (9 * TSimd.Lanes), c3a);
        TSimd.Store(tile + (10 * TSimd.Lanes), c3b);
        TSimd.Store(tile + (11 * TSimd.Lanes), c3c);
        TSimd.Store(tile + (12 * TSimd.Lanes), c4a);
        TSimd.Store(tile + (13 * TSimd.Lanes), c4b);
        TSimd.Store(tile + (14 * TSimd.Lanes), c4c);
        TSimd.Store(tile + (15 * TSimd.Lanes), c5a);
        TSimd.Store(tile + (16 * TSimd.Lanes), c5b);
        TSimd.Store(tile + (17 * TSimd.Lanes), c5c);
        TSimd.Store(tile + (18 * TSimd.Lanes), c6a);
        TSimd.Store(tile + (19 * TSimd.Lanes), c6b);
        TSimd.Store(tile + (20 * TSimd.Lanes), c6c);
        TSimd.Store(tile + (21 * TSimd.Lanes), c7a);
        TSimd.Store(tile + (22 * TSimd.Lanes), c7b);
        TSimd.Store(tile + (23 * TSimd.Lanes), c7c);
    }

    /// <summary>6 rows x 4 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Vectors4(nint k, float* a, float* b, float* tile)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero, c0c = zero, c0d = zero;
        TVector c1a = zero, c1b = zero, c1c = zero, c1d = zero;
        TVector c2a = zero, c2b = zero, c2c = zero, c2d = zero;
        TVector c3a = zero, c3b = zero, c3c = zero, c3d = zero;
        TVector c4a = zero, c4b = zero, c4c = zero, c4d = zero;
        TVector c5a = zero, c5b = zero, c5c = zero, c5d = zero;
        for (var end = b + (k * 4 * TSimd.Lanes); b < end; b += 4 * TSimd.Lanes, a += 6)
        {
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

        TSimd.Store(tile, c0a);
        TSimd.Store(tile + TSimd.Lanes, c0b);
        TSimd.Store(tile + (2 * TSimd.Lanes), c0c);
        TSimd.Store(tile + (3 * TSimd.Lanes), c0d);
        TSimd.Store(tile + (4 * TSimd.Lanes), c1a);
        TSimd.Store(tile + (5 * TSimd.Lanes), c1b);
        TSimd.Store(tile + (6 * TSimd.Lanes), c1c);
        TSimd.Store(tile + (7 * TSimd.Lanes), c1d);
        TSimd.Store(tile + (8 * TSimd.Lanes), c2a);
        TSimd.Store(tile + (9 * TSimd.Lanes), c2b);
        TSimd.Store(tile + (10 * TSimd.Lanes), c2c);
        TSimd.Store(tile + (11 * TSimd.Lanes), c2d);
        TSimd.Store(tile + (12 * TSimd.Lanes), c3a);
        TSimd.Store(tile + (13 * TSimd.Lanes), c3b);
        TSimd.Store(tile + (14 * TSimd.Lanes), c3c);
        TSimd.Store(tile + (15 * TSimd.Lanes), c3d);
        TSimd.Store(tile + (16 * TSimd.Lanes), c4a);
        TSimd.Store(tile + (17 * TSimd.Lanes), c4b);
        TSimd.Store(tile + (18 * TSimd.Lanes), c4c);
        TSimd.Store(tile + (19 * TSimd.Lanes), c4d);
        TSimd.Store(tile + (20 * TSimd.Lanes), c5a);
        TSimd.Store(tile + (21 * TSimd.Lanes), c5b);
        TSimd.Store(tile + (22 * TSimd.Lanes), c5c);
        TSimd.Store(tile + (23 * TSimd.Lanes), c5d);
    }

    /// <summary>6 rows x 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Vectors2(nint k, float* a, float* b, float* tile)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero;
        TVector c1a = zero, c1b = zero;
        TVector c2a = zero, c2b = zero;
        TVector c3a = zero, c3b = zero;
        TVector c4a = zero, c4b = zero;
        TVector c5a = zero, c5b = zero;
        for (var end = b + (k * 2 * TSimd.Lanes); b < end; b += 2 * TSimd.Lanes, a += 6)
        {
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

        TSimd.Store(tile, c0a);
        TSimd.Store(tile + TSimd.Lanes, c0b);
        TSimd.Store(tile + (2 * TSimd.Lanes), c1a);
        TSimd.Store(tile + (3 * TSimd.Lanes), c1b);
        TSimd.Store(tile + (4 * TSimd.Lanes), c2a);
        TSimd.Store(tile + (5 * TSimd.Lanes), c2b);
        TSimd.Store(tile + (6 * TSimd.Lanes), c3a);
        TSimd.Store(tile + (7 * TSimd.Lanes), c3b);
        TSimd.Store(tile + (8 * TSimd.Lanes), c4a);
        TSimd.Store(tile + (9 * TSimd.Lanes), c4b);
        TSimd.Store(tile + (10 * TSimd.Lanes), c5a);
        TSimd.Store(tile + (11 * TSimd.Lanes), c5b);
    }

    /// <summary>4 rows x 3 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4Vectors3(nint k, float* a, float* b, float* tile)
    {
        var zero = TSimd.Broadcast(0);
        TVector c0a = zero, c0b = zero, c0c = zero;
        TVector c1a = zero, c1b = zero, c1c = zero;
        TVector c2a = zero, c2b = zero, c2c = zero;
        TVector c3a = zero, c3b = zero, c3c = zero;
        for (var end = b + (k * 3 * TSimd.Lanes); b < end; b += 3 * TSimd.Lanes, a += 4)
        {
            TVector x = TSimd.Load(b), y = TSimd.Load(b + TSimd.Lanes), z = TSimd.Load(b + (2 * TSimd.Lanes));
            var m = TSimd.Broadcast(a[0]);
            c0a = TSimd.MultiplyAdd(m, x, c0a);
            c0b = TSimd.MultiplyAdd(m, y, c0b);
            c0c = TSimd.MultiplyAdd(m, z, c0c);
            m = TSimd.Broadcast(a[1]);
            c1a = TSimd.MultiplyAdd(m, x, c1a);
            c1b = TSimd.MultiplyAdd(m, y, c1b);
            c1c = TSimd.MultiplyAdd(m, z, c1c);
            m = TSimd.Broadcast(a[2]);
            c2a = TSimd.MultiplyAdd(m, x, c2a);
            c2b = TSimd.MultiplyAdd(m, y, c2b);
            c2c = TSimd.MultiplyAdd(m, z, c2c);
            m = TSimd.Broadcast(a[3]);
            c3a = TSimd.MultiplyAdd(m, x, c3a);
            c3b = TSimd.MultiplyAdd(m, y, c3b);
            c3c = TSimd.MultiplyAdd(m, z, c3c);
        }

        TSimd.Store(tile, c0a);
        TSimd.Store(tile + TSimd.Lanes, c0b);
        TSimd.Store(tile + (2 * TSimd.Lanes), c0c);
        TSimd.Store(tile + (3 * TSimd.Lanes), c1a);
        TSimd.Store(tile + (4 * TSimd.Lanes), c1b);
        TSimd.Store(tile + (5 * TSimd.Lanes), c1c);
        TSimd.Store(tile + (6 * TSimd.Lanes), c2a);
        TSimd.Store(tile + (7 * TSimd.Lanes), c2b);
        TSimd.Store(tile + (8 * TSimd.Lanes), c2c);
        TSimd.Store(tile + (9 * TSimd.Lanes), c3a);
        TSimd.Store(tile + (10 * TSimd.Lanes), c3b);
        TSimd.Store(tile + (11 * TSimd.Lanes), c3c);
    }
}
