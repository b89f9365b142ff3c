using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Average pooling, zero padding counted. A piece of work is a run of planes (one channel of one sample each).</summary>
/// <remarks>
/// Forward adds a window's elements from +0 in row order and divides by R x S. Backward adds the shares dy / (R x S) to each pixel,
/// from +0, windows in row order. Windows of 2 x 2 with stride 2 and no padding, which never overlap, have vectorised rows.
/// </remarks>
internal sealed unsafe class AvgPool2d<TSimd, TVector>(ThreadTeam team) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int RunElements = 16_384;

    private Pool2dGeometry _g;
    private int _planes;
    private int _runPlanes;
    private bool _isForward;
    private float* _source;
    private float* _target;
    private float* _derivative;

    private bool IsTwoByTwo => _g is { R: 2, S: 2, StrideH: 2, StrideW: 2, PadH: 0, PadW: 0 };

    public void Forward(in Pool2dGeometry g, int samples, float* x, float* y) => Execute(g, samples, true, x, y, null);

    /// <param name="derivative">Outputs of the sigmoid before the pooling; null for none.</param>
    public void Backward(in Pool2dGeometry g, int samples, float* dy, float* derivative, float* dx) =>
        Execute(g, samples, false, dy, dx, derivative);

    public override void Run(int piece, int thread)
    {
        var end = Math.Min(_planes, (piece + 1) * _runPlanes);
        for (var plane = piece * _runPlanes; plane < end; plane++)
        {
            var (image, pooled) = ((long)plane * _g.H * _g.W, (long)plane * _g.P * _g.Q);
            if (_isForward)
            {
                ForwardPlane(_source + image, _target + pooled);
            }
            else
            {
                BackwardPlane(_source + pooled, _target + image);
                if (_derivative != null)
                {
                    MultiplyDerivative(_target + image, _derivative + image, _g.H * _g.W);
                }
            }
        }
    }

    private void Execute(in Pool2dGeometry g, int samples, bool isForward, float* source, float* target, float* derivative)
    {
        _g = g;
        _isForward = isForward;
        _source = source;
        _target = target;
        _derivative = derivative;
        _planes = checked(samples * g.C);
        _runPlanes = Math.Max(1, RunElements / (g.H * g.W));
        team.Run(this, (_planes + _runPlanes - 1) / _runPlanes);
    }

    private void ForwardPlane(float* x, float* y)
    {
        for (var p = 0; p < _g.P; p++, y += _g.Q)
        {
            if (IsTwoByTwo)
            {
                AverageRowPair(x + (2 * p * _g.W), x + (((2 * p) + 1) * _g.W), _g.Q, y);
                continue;
            }

            for (var q = 0; q < _g.Q; q++)
            {
                y[q] = SumWindow(x, (p * _g.StrideH) - _g.PadH, (q * _g.StrideW) - _g.PadW) / (_g.R * _g.S);
            }
        }
    }

    private float SumWindow(float* x, int top, int left)
    {
        var sum = 0f;
        for (var h = Math.Max(0, top); h < Math.Min(_g.H, top + _g.R); h++)
        {
            for (var w = Math.Max(0, left); w < Math.Min(_g.W, left + _g.S); w++)
            {
                sum += x[(h * _g.W) + w];
            }
        }

        return sum;
    }

    private void BackwardPlane(float* dy, float* dx)
    {
        if (IsTwoByTwo)
        {
            SpreadPlane(dy, dx);
            return;
        }

        new Span<float>(dx, _g.H * _g.W).Clear();
        for (var p = 0; p < _g.P; p++)
        {
            for (var q = 0; q < _g.Q; q++)
            {
                AddToWindow(dx, (p * _g.StrideH) - _g.PadH, (q * _g.StrideW) - _g.PadW, *dy++ / (_g.R * _g.S));
            }
        }
    }

    private void AddToWindow(float* dx, int top, int left, float share)
    {
        for (var h = Math.Max(0, top); h < Math.Min(_g.H, top + _g.R); h++)
        {
            for (var w = Math.Max(0, left); w < Math.Min(_g.W, left + _g.S); w++)
            {
                dx[(h * _g.W) + w] += share;
            }
        }
    }

    /// <summary>y[q] = (((+0 + a[2q]) + a[2q+1]) + b[2q] + b[2q+1]) / 4 for the two rows under a row of windows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AverageRowPair(float* a, float* b, int count, float* y)
    {
        var (zero, quarter) = (TSimd.Broadcast(0), TSimd.Broadcast(0.25f));
        for (var q = 0; q < count; q += TSimd.Lanes)
        {
            var left = Math.Min(TSimd.Lanes, count - q);
            LoadPairs(a + (2 * q), left, out var even, out var odd);
            var sum = TSimd.Add(TSimd.Add(zero, even), odd);
            LoadPairs(b + (2 * q), left, out even, out odd);
            sum = TSimd.Add(TSimd.Add(sum, even), odd);
            TSimd.StoreFirst(y + q, TSimd.Multiply(sum, quarter), left);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadPairs(float* source, int count, out TVector even, out TVector odd)
    {
        var first = Math.Min(TSimd.Lanes, 2 * count);
        TSimd.Deinterleave(TSimd.LoadFirst(source, first), TSimd.LoadFirst(source + TSimd.Lanes, (2 * count) - first), out even, out odd);
    }

    /// <summary>The backward pass of 2 x 2 windows: each share goes to four pixels, +0 to rows and columns beyond the last window.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SpreadPlane(float* dy, float* dx)
    {
        for (var p = 0; p < _g.P; p++, dy += _g.Q)
        {
            var top = dx + (2 * p * _g.W);
            SpreadRow(dy, _g.Q, top, top + _g.W);
            for (var w = 2 * _g.Q; w < _g.W; w++)
            {
                (top[w], top[_g.W + w]) = (0, 0);
            }
        }

        var done = 2 * _g.P * _g.W;
        new Span<float>(dx + done, (_g.H * _g.W) - done).Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SpreadRow(float* dy, int count, float* top, float* bottom)
    {
        var (zero, quarter) = (TSimd.Broadcast(0), TSimd.Broadcast(0.25f));
        for (var q = 0; q < count; q += TSimd.Lanes)
        {
            var left = 2 * Math.Min(TSimd.Lanes, count - q);
            var first = Math.Min(TSimd.Lanes, left);
            var share = TSimd.Add(zero, TSimd.Multiply(TSimd.LoadFirst(dy + q, left / 2), quarter));
            TSimd.Duplicate(share, out var low, out var high);
            TSimd.StoreFirst(top + (2 * q), low, first);
            TSimd.StoreFirst(top + (2 * q) + TSimd.Lanes, high, left - first);
            TSimd.StoreFirst(bottom + (2 * q), low, first);
            TSimd.StoreFirst(bottom + (2 * q) + TSimd.Lanes, high, left - first);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyDerivative(float* dx, float* y, int count)
    {
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var left = Math.Min(TSimd.Lanes, count - i);
            var slope = VectorMath<TSimd, TVector>.SigmoidDerivative(TSimd.LoadFirst(y + i, left));
            TSimd.StoreFirst(dx + i, TSimd.Multiply(TSimd.LoadFirst(dx + i, left), slope), left);
        }
    }
}
