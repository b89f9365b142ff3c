using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using static Trainer.Kernels.Tests.Reference.ReferenceElements;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Pooling.</summary>
internal sealed class ReferencePooling : IPooling
{
    public void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        var (best, index) = (float.NaN, -1);
                        for (var r = 0; r < g.R; r++)
                        {
                            for (var s = 0; s < g.S; s++)
                            {
                                var (h, w) = ((p * g.StrideH) - g.PadH + (r * g.DilationH), (q * g.StrideW) - g.PadW + (s * g.DilationW));
                                if (h >= 0 && h < g.H && w >= 0 && w < g.W)
                                {
                                    var value = Element(x, (long)g.C * g.H * g.W, n, (((c * g.H) + h) * g.W) + w);
                                    if (index < 0 || value > best || (float.IsNaN(value) && !float.IsNaN(best)))
                                    {
                                        (best, index) = (value, (r * g.S) + s);
                                    }
                                }
                            }
                        }

                        Write(epilogue, y, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q, best);
                        if (!chosen.IsEmpty)
                        {
                            Element(chosen, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q) = index;
                        }
                    }
                }
            }
        }
    }

    public void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
    {
        var (image, outputs) = (g.C * g.H * g.W, (long)g.C * g.P * g.Q);
        for (var n = 0; n < samples; n++)
        {
            var gradient = new float[image];
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        var index = (int)Element(chosen, outputs, n, (((c * g.P) + p) * g.Q) + q);
                        var h = (p * g.StrideH) - g.PadH + (index / g.S * g.DilationH);
                        var w = (q * g.StrideW) - g.PadW + (index % g.S * g.DilationW);
                        gradient[(((c * g.H) + h) * g.W) + w] += Element(dy, outputs, n, (((c * g.P) + p) * g.Q) + q);
                    }
                }
            }

            WriteAll(epilogue, dx, n, gradient);
        }
    }

    public void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        var sum = 0f;
                        foreach (var (h, w) in Window(g, p, q))
                        {
                            sum += Element(x, (long)g.C * g.H * g.W, n, (((c * g.H) + h) * g.W) + w);
                        }

                        Write(epilogue, y, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q, sum / WindowSize(g, countIncludePad, p, q));
                    }
                }
            }
        }
    }

    public void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            var gradient = new float[g.C * g.H * g.W];
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        var share = Element(dy, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q) / WindowSize(g, countIncludePad, p, q);
                        foreach (var (h, w) in Window(g, p, q))
                        {
                            gradient[(((c * g.H) + h) * g.W) + w] += share;
                        }
                    }
                }
            }

            WriteAll(epilogue, dx, n, gradient);
        }
    }

    public void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        Span<float> lanes = stackalloc float[FormL.Lanes];
        for (var n = 0; n < samples; n++)
        {
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        lanes.Clear();
                        var k = 0;
                        foreach (var (h, w) in Window(g, p, q))
                        {
                            lanes[k++ % FormL.Lanes] += Element(x, (long)g.C * g.H * g.W, n, (((c * g.H) + h) * g.W) + w);
                        }

                        Write(epilogue, y, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q, FormL.Fold(lanes) / k);
                    }
                }
            }
        }
    }

    public void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            var gradient = new float[g.C * g.H * g.W];
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        var share = Element(dy, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q) / Window(g, p, q).Count();
                        foreach (var (h, w) in Window(g, p, q))
                        {
                            gradient[(((c * g.H) + h) * g.W) + w] += share;
                        }
                    }
                }
            }

            WriteAll(epilogue, dx, n, gradient);
        }
    }

    public void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var c = 0; c < g.C; c++)
            {
                for (var p = 0; p < g.P; p++)
                {
                    for (var q = 0; q < g.Q; q++)
                    {
                        var (best, index) = (float.NaN, -1);
                        foreach (var (h, w) in Window(g, p, q))
                        {
                            var value = Element(x, (long)g.C * g.H * g.W, n, (((c * g.H) + h) * g.W) + w);
                            if (index < 0 || value > best || (float.IsNaN(value) && !float.IsNaN(best)))
                            {
                                (best, index) = (value, (h * g.W) + w);
                            }
                        }

                        Write(epilogue, y, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q, best);
                        if (!chosen.IsEmpty)
                        {
                            Element(chosen, (long)g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q) = index;
                        }
                    }
                }
            }
        }
    }

    public void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx)
    {
        var outputs = g.P * g.Q;
        for (var n = 0; n < samples; n++)
        {
            var gradient = new float[g.C * g.H * g.W];
            for (var i = 0; i < g.C * outputs; i++)
            {
                gradient[(i / outputs * g.H * g.W) + (int)Element(chosen, g.C * outputs, n, i)] += Element(dy, g.C * outputs, n, i);
            }

            WriteAll(epilogue, dx, n, gradient);
        }
    }

    /// <summary>The pixels of the image in a window, in row order.</summary>
    private static IEnumerable<(int H, int W)> Window(Pool2dGeometry g, int p, int q) =>
        from h in Enumerable.Range((p * g.StrideH) - g.PadH, g.R)
        where h >= 0 && h < g.H
        from w in Enumerable.Range((q * g.StrideW) - g.PadW, g.S)
        where w >= 0 && w < g.W
        select (h, w);

    private static IEnumerable<(int H, int W)> Window(AdaptivePool2dGeometry g, int p, int q)
    {
        for (var h = p * g.H / g.P; h < Math.Ceiling((p + 1.0) * g.H / g.P); h++)
        {
            for (var w = q * g.W / g.Q; w < Math.Ceiling((q + 1.0) * g.W / g.Q); w++)
            {
                yield return (h, w);
            }
        }
    }

    private static int WindowSize(Pool2dGeometry g, bool countIncludePad, int p, int q)
    {
        var (top, left) = ((p * g.StrideH) - g.PadH, (q * g.StrideW) - g.PadW);
        return countIncludePad
            ? (Math.Min(top + g.R, g.H + g.PadH) - top) * (Math.Min(left + g.S, g.W + g.PadW) - left)
            : Window(g, p, q).Count();
    }

    private static void WriteAll(in GradientEpilogue epilogue, Tensor dx, int sample, float[] gradient)
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            Write(epilogue, dx, gradient.Length, sample, i, gradient[i]);
        }
    }
}
