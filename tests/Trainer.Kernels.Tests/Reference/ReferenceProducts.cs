using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using static Trainer.Kernels.Tests.Reference.ReferenceElements;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Convolutions and linear layers.</summary>
internal sealed partial class ReferenceProducts : IProducts
{
    public void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        var (pixels, outputs) = (g.P * g.Q, g.K * g.P * g.Q);
        var winograd = IsWinograd(g) ? WinogradForward(g, samples, x, w) : [];
        for (var index = 0; index < samples * outputs; index++)
        {
            var (n, k, pixel) = (index / outputs, index % outputs / pixels, index % pixels);
            var value = winograd.Length > 0 ? winograd[index] : ForwardSum(g, x, w, n, k, pixel / g.Q, pixel % g.Q);
            value = b.IsEmpty ? value : value + b.Host[k];
            At(y, n, index % outputs, outputs) = Finish(epilogue, value, n, index % outputs, outputs);
        }
    }

    public void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        var (pixels, inputs) = (g.H * g.W, g.C * g.H * g.W);
        var winograd = IsWinograd(g) ? WinogradBackwardData(g, samples, dy, w) : [];
        for (var index = 0; index < samples * inputs; index++)
        {
            var (n, c, pixel) = (index / inputs, index % inputs / pixels, index % pixels);
            var value = winograd.Length > 0 ? winograd[index] : BackwardSum(g, dy, w, n, c, pixel / g.W, pixel % g.W);
            At(dx, n, index % inputs, inputs) = Finish(epilogue, value, n, index % inputs, inputs);
        }
    }

    public void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var (range, geometry) = (slice.Roots[root], g);
            if (slice.RootSamples(range) == 0)
            {
                continue;
            }

            if (IsWinogradGradient(g) && !dw.IsEmpty)
            {
                WinogradBackwardWeights(g, slice, range, x, dy, dw[root].Host);
            }

            for (var index = 0; index < g.K * g.Reduction && !IsWinogradGradient(g) && !dw.IsEmpty; index++)
            {
                var element = index;
                dw[root].Host[index] = CanonicalTree.OverRoot(
                    slice, range, g.P, g.Q, (first, count) => WeightPiece(geometry, x, dy, element, first, count)).GetValueOrDefault();
            }

            for (var k = 0; k < g.K && !db.IsEmpty; k++)
            {
                var channel = k;
                db[root].Host[k] = CanonicalTree.OverRoot(
                    slice, range, g.P, g.Q, (first, count) => BiasPiece(geometry, dy, channel, first, count)).GetValueOrDefault();
            }
        }
    }

    public void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var o = 0; o < outputs; o++)
            {
                var sum = default(FormC);
                for (var i = 0; i < inputs; i++)
                {
                    sum.Add(At(x, n, i, inputs), w.Host[(o * inputs) + i]);
                }

                var value = b.IsEmpty ? sum.Value : sum.Value + b.Host[o];
                At(y, n, o, outputs) = Finish(epilogue, value, n, o, outputs);
            }
        }
    }

    public void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < inputs; i++)
            {
                var sum = default(FormC);
                for (var o = 0; o < outputs; o++)
                {
                    sum.Add(At(dy, n, o, outputs), w.Host[(o * inputs) + i]);
                }

                At(dx, n, i, inputs) = Finish(epilogue, sum.Value, n, i, inputs);
            }
        }
    }

    public void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            if (slice.RootSamples(range) == 0)
            {
                continue;
            }

            for (var index = 0; index < inputs * outputs && !dw.IsEmpty; index++)
            {
                var (o, i) = (index / inputs, index % inputs);
                dw[root].Host[index] = OverSamples(slice, range, n => (At(dy, n, o, outputs), At(x, n, i, inputs)));
            }

            for (var index = 0; index < outputs && !db.IsEmpty; index++)
            {
                var o = index;
                db[root].Host[index] = OverSamples(slice, range, n => (At(dy, n, o, outputs), 1));
            }
        }
    }

    private static float ForwardSum(in Conv2dGeometry g, Tensor x, Tensor w, int n, int k, int p, int q)
    {
        var sum = default(FormC);
        var (weight, firstChannel) = (k * g.Reduction, k / (g.K / g.Groups) * (g.C / g.Groups));
        for (var c = firstChannel; c < firstChannel + (g.C / g.Groups); c++)
        {
            for (var r = 0; r < g.R; r++)
            {
                for (var s = 0; s < g.S; s++)
                {
                    sum.Add(Pixel(g, x, n, c, Row(g, p, r), Column(g, q, s)), w.Host[weight++]);
                }
            }
        }

        return sum.Value;
    }

    private static float BackwardSum(in Conv2dGeometry g, Tensor dy, Tensor w, int n, int c, int h, int v)
    {
        var sum = default(FormC);
        var (channels, filters) = (g.C / g.Groups, g.K / g.Groups);
        var firstFilter = c / channels * filters;
        for (var k = firstFilter; k < firstFilter + filters; k++)
        {
            for (var r = 0; r < g.R; r++)
            {
                for (var s = 0; s < g.S; s++)
                {
                    var (top, left) = (h + g.PadH - (r * g.DilationH), v + g.PadW - (s * g.DilationW));
                    if (top % g.StrideH == 0 && left % g.StrideW == 0)
                    {
                        sum.Add(OutputPixel(g, dy, n, k, top, left), w.Host[(((((k * channels) + (c % channels)) * g.R) + r) * g.S) + s]);
                    }
                }
            }
        }

        return sum.Value;
    }

    private static int Row(in Conv2dGeometry g, int p, int r) => (p * g.StrideH) - g.PadH + (r * g.DilationH);

    private static int Column(in Conv2dGeometry g, int q, int s) => (q * g.StrideW) - g.PadW + (s * g.DilationW);

    private static float Pixel(in Conv2dGeometry g, Tensor x, int n, int c, int h, int w) =>
        h >= 0 && h < g.H && w >= 0 && w < g.W ? At(x, n, (((c * g.H) + h) * g.W) + w, g.C * g.H * g.W) : 0;

    /// <summary>The output gradient whose window starts at (top, left) of the unpadded input; 0 where no window does.</summary>
    private static float OutputPixel(in Conv2dGeometry g, Tensor dy, int n, int k, int top, int left)
    {
        if (top < 0 || left < 0)
        {
            return 0;
        }

        var (p, q) = (top / g.StrideH, left / g.StrideW);
        return p < g.P && q < g.Q ? At(dy, n, (((k * g.P) + p) * g.Q) + q, g.K * g.P * g.Q) : 0;
    }

    private static float WeightPiece(in Conv2dGeometry g, Tensor x, Tensor dy, int element, int first, int count)
    {
        var (k, c, r, s) = (element / g.Reduction, element / (g.R * g.S) % (g.C / g.Groups), element / g.S % g.R, element % g.S);
        var channel = (k / (g.K / g.Groups) * (g.C / g.Groups)) + c;
        var sum = default(FormC);
        for (var pixel = first; pixel < first + count; pixel++)
        {
            var (n, p, q) = (pixel / (g.P * g.Q), pixel / g.Q % g.P, pixel % g.Q);
            sum.Add(DyPixel(g, dy, k, pixel), Pixel(g, x, n, channel, Row(g, p, r), Column(g, q, s)));
        }

        return sum.Value;
    }

    private static float BiasPiece(in Conv2dGeometry g, Tensor dy, int k, int first, int count)
    {
        Span<float> lanes = stackalloc float[FormL.Lanes];
        for (var i = 0; i < count; i++)
        {
            lanes[i % FormL.Lanes] += DyPixel(g, dy, k, first + i);
        }

        return FormL.Fold(lanes);
    }

    /// <summary>dy in channel k at the local batch's output pixel number <paramref name="pixel"/>.</summary>
    private static float DyPixel(in Conv2dGeometry g, Tensor dy, int k, int pixel)
    {
        var pixels = g.P * g.Q;
        return At(dy, pixel / pixels, (k * pixels) + (pixel % pixels), g.K * pixels);
    }

    private static float OverSamples(BatchSlice slice, ShardRange root, Func<int, (float A, float B)> term) =>
        CanonicalTree.OverRoot(slice, root, 1, 1, (first, count) =>
        {
            var sum = default(FormC);
            for (var n = first; n < first + count; n++)
            {
                var (a, b) = term(n);
                sum.Add(a, b);
            }

            return sum.Value;
        }).GetValueOrDefault();
}
