using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>
/// 3 x 3 convolutions by Winograd's F(4x4, 3x3) or F(3x3, 3x3), whichever multiplies less, and 5 x 5 ones by F(2x2, 5x5), tile by tile, with every sum in the order
/// that is canonical.
/// </summary>
internal sealed partial class ReferenceProducts
{
    /// <summary>The points of evaluation of tiles of 6 x 6 are 0, +-A, +-B and infinity. Products of these four are exact.</summary>
    private const float A = 0.625f;

    private const float B = 1.5f;

    private const float A2 = A * A;

    private const float B2 = B * B;

    private const double G0 = 1 / ((double)A2 * B2);

    private const double Ga = 1 / (2.0 * A2 * (A2 - B2));

    private const double Gb = 1 / (2.0 * B2 * (B2 - A2));

    /// <summary>Those of tiles of 5 x 5 are +-P, +-Q and infinity.</summary>
    private const float P = 0.375f;

    private const float Q = 1.375f;

    private const float P2 = P * P;

    private const float Q2 = Q * Q;

    private const double Gp = 1 / (2.0 * P * (P2 - Q2));

    private const double Gq = 1 / (2.0 * Q * (Q2 - P2));

    /// <summary>Tiles of a piece of a weight gradient.</summary>
    private const int PieceTiles = 512;

    private delegate void Transform(ReadOnlySpan<float> source, Span<float> target);

    /// <summary>Whether forward and backward-data go this way: a rule of a sample's shape alone.</summary>
    public static bool IsWinograd(in Conv2dGeometry g) => IsWinograd(g, 3);

    /// <summary>Whether the weight gradient does.</summary>
    public static bool IsWinogradGradient(in Conv2dGeometry g) => IsWinograd(g, 5);

    private static bool IsWinograd(in Conv2dGeometry g, int pixels) =>
        (g.R, g.S) is (3, 3) or (5, 5) && (g.StrideH, g.StrideW, g.DilationH, g.DilationW) == (1, 1, 1, 1) && (g.ExtraH, g.ExtraW) == (0, 0)
        && g.PadH < g.R && g.PadW < g.S
        && g.C / g.Groups >= 16 && g.K / g.Groups >= 16 && g.P >= pixels && g.Q >= pixels && g.H >= pixels && g.W >= pixels;

    /// <summary>Outputs of a tile along each side.</summary>
    private static int TileOutputs(int filter, int rows, int columns)
    {
        int Products(int side) => (rows + side - 1) / side * ((columns + side - 1) / side) * (side + filter - 1) * (side + filter - 1);
        return filter == 5 ? 2 : Products(3) < Products(4) ? 3 : 4;
    }

    private static float[] WinogradForward(Conv2dGeometry g, int samples, Tensor x, Tensor w)
    {
        var (inputs, outputs) = (g.C / g.Groups, g.K / g.Groups);
        return [.. Enumerable.Range(0, samples * g.Groups).SelectMany(i =>
        {
            var (n, group) = (i / g.Groups, i % g.Groups);
            return Winograd(
                g.R,
                inputs,
                outputs,
                g.P,
                g.Q,
                (k, c, r, s) => w.Host[((((((group * outputs) + k) * inputs) + c) * g.R) + r) * g.S + s],
                (c, row, column) => Pixel(g, x, n, (group * inputs) + c, row - g.PadH, column - g.PadW));
        })];
    }

    /// <summary>The same with the filters turned by half a circle and R - 1 - pad zeros around dy.</summary>
    private static float[] WinogradBackwardData(Conv2dGeometry g, int samples, Tensor dy, Tensor w)
    {
        var (inputs, outputs) = (g.C / g.Groups, g.K / g.Groups);
        return [.. Enumerable.Range(0, samples * g.Groups).SelectMany(i =>
        {
            var (n, group) = (i / g.Groups, i % g.Groups);
            return Winograd(
                g.R,
                outputs,
                inputs,
                g.H,
                g.W,
                (c, k, r, s) => w.Host[((((((group * outputs) + k) * inputs) + c) * g.R) + g.R - 1 - r) * g.S + g.S - 1 - s],
                (k, row, column) => OutputPixel(g, dy, n, (group * outputs) + k, row - (g.R - 1 - g.PadH), column - (g.S - 1 - g.PadW)));
        })];
    }

    /// <summary>Pieces of at most 512 tiles, whose sums are transformed back to the taps before the tree.</summary>
    private static void WinogradBackwardWeights(Conv2dGeometry g, BatchSlice slice, ShardRange root, Tensor x, Tensor dy, Span<float> dw)
    {
        var side = TileOutputs(g.R, g.P, g.Q);
        var (extent, points) = (side + g.R - 1, (side + g.R - 1) * (side + g.R - 1));
        var (rows, columns) = ((g.P + side - 1) / side, (g.Q + side - 1) / side);
        var (inputs, outputs) = (g.C / g.Groups, g.K / g.Groups);
        (int N, int Top, int Left) Place(int tile) => (tile / (rows * columns), tile / columns % rows * side, tile % columns * side);
        var images = Enumerable.Range(0, slice.LocalSamples * rows * columns * g.C).Select(i =>
        {
            var ((n, top, left), c) = (Place(i / g.C), i % g.C);
            return Square(extent, extent, (h, w) => Pixel(g, x, n, c, top + h - g.PadH, left + w - g.PadW), InputTransform);
        }).ToArray();
        var gradients = Enumerable.Range(0, slice.LocalSamples * rows * columns * g.K).Select(i =>
        {
            var ((n, top, left), k) = (Place(i / g.K), i % g.K);
            return Square(side, extent, (p, q) => OutputPixel(g, dy, n, k, top + p, left + q), GradientTransform);
        }).ToArray();
        var pieces = new Dictionary<int, float[]>();
        for (var index = 0; index < dw.Length; index++)
        {
            var (k, c, tap) = (index / g.Reduction, index / (g.R * g.S) % inputs, index % (g.R * g.S));
            c += k / outputs * inputs;
            if (tap == 0)
            {
                pieces.Clear();
            }

            dw[index] = CanonicalTree.OverRoot(
                slice,
                root,
                rows,
                columns,
                (first, count) =>
                {
                    if (!pieces.TryGetValue(first, out var taps))
                    {
                        var sums = new FormC[points];
                        for (var i = 0; i < count * points; i++)
                        {
                            var (tile, point) = (first + (i / points), i % points);
                            sums[point].Add(gradients[(tile * g.K) + k][point], images[(tile * g.C) + c][point]);
                        }

                        taps = pieces[first] = Square(extent, g.R, (h, w) => sums[(h * extent) + w].Value, FilterGradientTransform);
                    }

                    return taps[tap];
                },
                PieceTiles).GetValueOrDefault();
        }
    }

    /// <summary>One group's target (outputs, rows, columns) of one sample: filter(target channel, source channel, r, s) over pixel(channel, h, w).</summary>
    private static float[] Winograd(
        int size, int inputs, int outputs, int rows, int columns, Func<int, int, int, int, float> filter, Func<int, int, int, float> pixel)
    {
        var side = TileOutputs(size, rows, columns);
        var (extent, points) = (side + size - 1, (side + size - 1) * (side + size - 1));
        var (tileRows, tileColumns) = ((rows + side - 1) / side, (columns + side - 1) / side);
        var weights = new float[outputs * inputs][];
        for (var i = 0; i < weights.Length; i++)
        {
            var (k, c) = (i / inputs, i % inputs);
            weights[i] = Square(size, extent, (r, s) => filter(k, c, r, s), FilterTransform);
        }

        var target = new float[outputs * rows * columns];
        for (var tile = 0; tile < tileRows * tileColumns; tile++)
        {
            var (top, left) = (tile / tileColumns * side, tile % tileColumns * side);
            var transformed = Enumerable.Range(0, inputs).Select(c => Square(extent, extent, (h, w) => pixel(c, top + h, left + w), InputTransform)).ToArray();
            for (var k = 0; k < outputs; k++)
            {
                var products = new float[points];
                for (var point = 0; point < points; point++)
                {
                    var sum = default(FormC);
                    for (var c = 0; c < inputs; c++)
                    {
                        sum.Add(transformed[c][point], weights[(k * inputs) + c][point]);
                    }

                    products[point] = sum.Value;
                }

                var values = Square(extent, side, (h, w) => products[(h * extent) + w], OutputTransform);
                for (var i = 0; i < side * side; i++)
                {
                    var (row, column) = (top + (i / side), left + (i % side));
                    if (row < rows && column < columns)
                    {
                        target[(((k * rows) + row) * columns) + column] = values[i];
                    }
                }
            }
        }

        return target;
    }

    /// <summary>A transform of a square, first of its columns, then of the rows of what comes out.</summary>
    private static float[] Square(int from, int to, Func<int, int, float> value, Transform transform)
    {
        var half = new float[to * from];
        Span<float> source = stackalloc float[from], target = stackalloc float[to];
        for (var column = 0; column < from; column++)
        {
            for (var row = 0; row < from; row++)
            {
                source[row] = value(row, column);
            }

            transform(source, target);
            for (var row = 0; row < to; row++)
            {
                half[(row * from) + column] = target[row];
            }
        }

        var whole = new float[to * to];
        for (var row = 0; row < to; row++)
        {
            transform(half.AsSpan(row * from, from), whole.AsSpan(row * to, to));
        }

        return whole;
    }

    private static void InputTransform(ReadOnlySpan<float> d, Span<float> v)
    {
        if (d.Length == 5)
        {
            var (scaledP, oddP) = (P * Fma(-Q2, d[0], d[2]), Fma(-Q2, d[1], d[3]));
            var (scaledQ, oddQ) = (Q * Fma(-P2, d[0], d[2]), Fma(-P2, d[1], d[3]));
            (v[0], v[1], v[2], v[3]) = (scaledP + oddP, scaledP - oddP, scaledQ + oddQ, scaledQ - oddQ);
            v[4] = Fma(P2 * Q2, d[0], Fma(-(P2 + Q2), d[2], d[4]));
            return;
        }

        v[0] = Fma(A2 * B2, d[0], Fma(-(A2 + B2), d[2], d[4]));
        v[1] = Fma(A, Fma(-B2, d[1], d[3]), Fma(-B2, d[2], d[4]));
        v[2] = Fma(-A, Fma(-B2, d[1], d[3]), Fma(-B2, d[2], d[4]));
        v[3] = Fma(B, Fma(-A2, d[1], d[3]), Fma(-A2, d[2], d[4]));
        v[4] = Fma(-B, Fma(-A2, d[1], d[3]), Fma(-A2, d[2], d[4]));
        v[5] = Fma(A2 * B2, d[1], Fma(-(A2 + B2), d[3], d[5]));
    }

    private static void FilterTransform(ReadOnlySpan<float> g, Span<float> u)
    {
        if (u.Length == 5)
        {
            var (evenP, evenQ) = (Fma(P2, g[2], g[0]), Fma(Q2, g[2], g[0]));
            (u[0], u[1]) = ((float)Gp * Fma(P, g[1], evenP), (float)Gp * Fma(-P, g[1], evenP));
            (u[2], u[3]) = ((float)Gq * Fma(Q, g[1], evenQ), (float)Gq * Fma(-Q, g[1], evenQ));
            u[4] = g[2];
            return;
        }

        var (oddA, oddB) = g.Length == 3 ? (g[1], g[1]) : (Fma(A2, g[3], g[1]), Fma(B2, g[3], g[1]));
        var (evenA, evenB) = g.Length == 3
            ? (Fma(A2, g[2], g[0]), Fma(B2, g[2], g[0]))
            : (Fma(A2, Fma(A2, g[4], g[2]), g[0]), Fma(B2, Fma(B2, g[4], g[2]), g[0]));
        u[0] = (float)G0 * g[0];
        u[1] = (float)Ga * Fma(A, oddA, evenA);
        u[2] = (float)Ga * Fma(-A, oddA, evenA);
        u[3] = (float)Gb * Fma(B, oddB, evenB);
        u[4] = (float)Gb * Fma(-B, oddB, evenB);
        u[5] = g[^1];
    }

    private static void OutputTransform(ReadOnlySpan<float> m, Span<float> y)
    {
        if (y.Length == 3)
        {
            var (evenP, oddP, evenQ, oddQ) = (m[0] + m[1], m[0] - m[1], m[2] + m[3], m[2] - m[3]);
            (y[0], y[1], y[2]) = (evenP + evenQ, Fma(Q, oddQ, P * oddP), Fma(Q2, evenQ, Fma(P2, evenP, m[4])));
            return;
        }

        var (evenA, oddA, evenB, oddB) = (m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]);
        y[0] = m[0] + evenA + evenB;
        if (y.Length == 2)
        {
            y[1] = Fma(B, oddB, Fma(A, oddA, m[5]));
            return;
        }

        y[1] = Fma(B, oddB, A * oddA);
        y[2] = Fma(B2, evenB, A2 * evenA);
        y[3] = Fma(B * B2, oddB, Fma(A * A2, oddA, m[5]));
    }

    private static void GradientTransform(ReadOnlySpan<float> y, Span<float> m)
    {
        if (y.Length == 3)
        {
            var (evenP, evenQ) = (Fma(P2, y[2], y[0]), Fma(Q2, y[2], y[0]));
            (m[0], m[1], m[2], m[3], m[4]) = (Fma(P, y[1], evenP), Fma(-P, y[1], evenP), Fma(Q, y[1], evenQ), Fma(-Q, y[1], evenQ), y[2]);
            return;
        }

        (m[0], m[5]) = (y[0], y[^1]);
        if (y.Length == 2)
        {
            (m[1], m[2], m[3], m[4]) = (Fma(A, y[1], y[0]), Fma(-A, y[1], y[0]), Fma(B, y[1], y[0]), Fma(-B, y[1], y[0]));
            return;
        }

        var (evenA, evenB) = (Fma(A2, y[2], y[0]), Fma(B2, y[2], y[0]));
        var (oddA, oddB) = (Fma(A * A2, y[3], A * y[1]), Fma(B * B2, y[3], B * y[1]));
        (m[1], m[2], m[3], m[4]) = (evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB);
    }

    private static void FilterGradientTransform(ReadOnlySpan<float> u, Span<float> g)
    {
        if (u.Length == 5)
        {
            var (evenP, oddP, evenQ, oddQ) = (u[0] + u[1], u[0] - u[1], u[2] + u[3], u[2] - u[3]);
            g[0] = Fma((float)Gp, evenP, (float)Gq * evenQ);
            g[1] = Fma((float)(P * Gp), oddP, (float)(Q * Gq) * oddQ);
            g[2] = Fma((float)(P2 * Gp), evenP, Fma((float)(Q2 * Gq), evenQ, u[4]));
            return;
        }

        var (evenA, oddA, evenB, oddB) = (u[1] + u[2], u[1] - u[2], u[3] + u[4], u[3] - u[4]);
        g[0] = Fma((float)G0, u[0], Fma((float)Ga, evenA, (float)Gb * evenB));
        g[1] = Fma((float)(A * Ga), oddA, (float)(B * Gb) * oddB);
        if (g.Length == 3)
        {
            g[2] = Fma((float)(A2 * Ga), evenA, Fma((float)(B2 * Gb), evenB, u[5]));
            return;
        }

        g[2] = Fma((float)(A2 * Ga), evenA, (float)(B2 * Gb) * evenB);
        g[3] = Fma((float)(A * A2 * Ga), oddA, (float)(B * B2 * Gb) * oddB);
        g[4] = Fma((float)((double)A2 * A2 * Ga), evenA, Fma((float)((double)B2 * B2 * Gb), evenB, u[5]));
    }

    private static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
}
