using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>
/// The whole <see cref="Device"/> contract, naive, scalar and on one thread, in the canonical arithmetic: what a fast device
/// must equal bit for bit. Only exp and log are those of double precision, so sigmoid and softmax are to be compared within
/// a tolerance; the hash that <see cref="Update"/> returns is FNV-1a, each device has its own.
/// </summary>
/// <remarks>
/// Where the contract leaves a choice, this is what "canonical" means here: padding takes part in chains as zeros; bias
/// comes after the chain, y = chain + b; an activation's derivative is multiplied as dx * (y * (1 - y)), each operation
/// rounded; averages divide by the window's size; in <see cref="Update"/> every multiply-add is fused.
/// </remarks>
public sealed partial class ReferenceDevice : Device
{
    public override string Name => "reference";

    public override string Description => "naive scalar reference, 1 thread";

    public override int Threads => 1;

    public override string NumericsId => "reference";

    public override DeviceMemory Allocate(long elements) => new ArrayMemory(elements);

    public override void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        ReadOnlySpan<float> xs = x.Host, ws = w.Host, bs = b.IsEmpty ? [] : b.Host;
        var ys = y.Host;
        var index = 0;
        for (var n = 0; n < samples; n++)
            for (var k = 0; k < g.K; k++)
                for (var p = 0; p < g.P; p++)
                    for (var q = 0; q < g.Q; q++)
                    {
                        var sum = default(FormC);
                        var weight = k * g.Reduction;
                        for (var c = 0; c < g.C; c++)
                            for (var r = 0; r < g.R; r++)
                                for (var s = 0; s < g.S; s++)
                                {
                                    sum.Add(Pixel(g, xs, n, c, (p * g.StrideH) - g.PadH + r, (q * g.StrideW) - g.PadW + s), ws[weight++]);
                                }

                        ys[index++] = Activate(epilogue.Activation, bs.IsEmpty ? sum.Value : sum.Value + bs[k]);
                    }
    }

    public override void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        ReadOnlySpan<float> dys = dy.Host, ws = w.Host;
        var dxs = dx.Host;
        var index = 0;
        for (var n = 0; n < samples; n++)
            for (var c = 0; c < g.C; c++)
                for (var h = 0; h < g.H; h++)
                    for (var v = 0; v < g.W; v++)
                    {
                        var sum = default(FormC);
                        for (var k = 0; k < g.K; k++)
                            for (var r = 0; r < g.R; r++)
                                for (var s = 0; s < g.S; s++)
                                {
                                    sum.Add(OutputPixel(g, dys, n, k, h + g.PadH - r, v + g.PadW - s), ws[(((((k * g.C) + c) * g.R) + r) * g.S) + s]);
                                }

                        dxs[index] = sum.Value * Derivative(epilogue, index);
                        index++;
                    }
    }

    public override void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var (range, geometry) = (slice.Roots[root], g);
            if (slice.RootSamples(range) == 0)
            {
                continue;
            }

            for (var index = 0; index < g.K * g.Reduction; index++)
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

    public override void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        ReadOnlySpan<float> xs = x.Host, ws = w.Host, bs = b.IsEmpty ? [] : b.Host;
        var ys = y.Host;
        for (var n = 0; n < samples; n++)
            for (var o = 0; o < outputs; o++)
            {
                var sum = default(FormC);
                for (var i = 0; i < inputs; i++)
                {
                    sum.Add(xs[(n * inputs) + i], ws[(o * inputs) + i]);
                }

                ys[(n * outputs) + o] = Activate(epilogue.Activation, bs.IsEmpty ? sum.Value : sum.Value + bs[o]);
            }
    }

    public override void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        ReadOnlySpan<float> dys = dy.Host, ws = w.Host;
        var dxs = dx.Host;
        for (var n = 0; n < samples; n++)
            for (var i = 0; i < inputs; i++)
            {
                var sum = default(FormC);
                for (var o = 0; o < outputs; o++)
                {
                    sum.Add(dys[(n * outputs) + o], ws[(o * inputs) + i]);
                }

                dxs[(n * inputs) + i] = sum.Value * Derivative(epilogue, (n * inputs) + i);
            }
    }

    public override void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            if (slice.RootSamples(range) == 0)
            {
                continue;
            }

            for (var index = 0; index < inputs * outputs; index++)
            {
                var (o, i) = (index / inputs, index % inputs);
                dw[root].Host[index] = OverSamples(slice, range, n => (dy.Host[(n * outputs) + o], x.Host[(n * inputs) + i]));
            }

            for (var index = 0; index < outputs && !db.IsEmpty; index++)
            {
                var o = index;
                db[root].Host[index] = OverSamples(slice, range, n => (dy.Host[(n * outputs) + o], 1));
            }
        }
    }

    public override void Dispose()
    {
    }

    private static float Pixel(in Conv2dGeometry g, ReadOnlySpan<float> x, int n, int c, int h, int w) =>
        h >= 0 && h < g.H && w >= 0 && w < g.W ? x[(((((n * g.C) + c) * g.H) + h) * g.W) + w] : 0;

    /// <summary>The output gradient whose window starts at (top, left) of the unpadded input; 0 where no window does.</summary>
    private static float OutputPixel(in Conv2dGeometry g, ReadOnlySpan<float> dy, int n, int k, int top, int left)
    {
        if (top < 0 || left < 0 || top % g.StrideH != 0 || left % g.StrideW != 0)
        {
            return 0;
        }

        var (p, q) = (top / g.StrideH, left / g.StrideW);
        return p < g.P && q < g.Q ? dy[(((((n * g.K) + k) * g.P) + p) * g.Q) + q] : 0;
    }

    private static float WeightPiece(in Conv2dGeometry g, Tensor x, Tensor dy, int element, int first, int count)
    {
        ReadOnlySpan<float> xs = x.Host, dys = dy.Host;
        var (k, c, r, s) = (element / g.Reduction, element / (g.R * g.S) % g.C, element / g.S % g.R, element % g.S);
        var sum = default(FormC);
        for (var pixel = first; pixel < first + count; pixel++)
        {
            var (n, p, q) = (pixel / (g.P * g.Q), pixel / g.Q % g.P, pixel % g.Q);
            sum.Add(dys[DyIndex(g, k, pixel)], Pixel(g, xs, n, c, (p * g.StrideH) - g.PadH + r, (q * g.StrideW) - g.PadW + s));
        }

        return sum.Value;
    }

    private static float BiasPiece(in Conv2dGeometry g, Tensor dy, int k, int first, int count)
    {
        Span<float> lanes = stackalloc float[FormL.Lanes];
        for (var i = 0; i < count; i++)
        {
            lanes[i % FormL.Lanes] += dy.Host[DyIndex(g, k, first + i)];
        }

        return FormL.Fold(lanes);
    }

    /// <summary>Where channel k of the local batch's output pixel number <paramref name="pixel"/> lies in dy (N,K,P,Q).</summary>
    private static int DyIndex(in Conv2dGeometry g, int k, int pixel)
    {
        var pixels = g.P * g.Q;
        return (((pixel / pixels * g.K) + k) * pixels) + (pixel % pixels);
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

    private static float Activate(Activation activation, float value) => activation.Kind switch
    {
        ActivationKind.None => value,
        ActivationKind.Sigmoid => (float)(1 / (1 + Math.Exp(-(double)value))),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "No such activation."),
    };

    private static float Derivative(in GradientEpilogue previous, int index) => previous.Activation.Kind switch
    {
        ActivationKind.None => 1,
        ActivationKind.Sigmoid => previous.Output.Host[index] * (1 - previous.Output.Host[index]),
        _ => throw new ArgumentOutOfRangeException(nameof(previous), previous.Activation, "No such activation."),
    };

    private sealed class ArrayMemory(long elements) : DeviceMemory
    {
        private readonly float[] _values = new float[elements];

        public override long Elements => _values.Length;

        public override Span<float> Host => _values;

        public override void Dispose()
        {
        }
    }
}
