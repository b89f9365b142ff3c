using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using static Trainer.Kernels.Tests.Reference.ReferenceElements;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Operations element by element, and softmax.</summary>
internal sealed class ReferenceElementwise : IElementwise
{
    public void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y) =>
        Add(elements, samples, x, new OutputEpilogue(activation), y);

    public void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < elements; i++)
            {
                var v = Element(dy, elements, n, i);
                v = activation.IsNone ? v
                    : activation.HasDerivativeOfOutput ? MultiplyDerivative(activation, Element(source, elements, n, i), v)
                    : v * DerivativeOfInput(activation, Element(source, elements, n, i));
                Write(epilogue, dx, elements, n, i, v);
            }
        }
    }

    public void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < elements; i++)
            {
                Write(epilogue, y, elements, n, i, Element(x, elements, n, i));
            }
        }
    }

    public void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        ActivationBackward(Activation.None, elements, samples, default, dy, epilogue, dx);

    public void Multiply(int channels, int pixels, int samples, Tensor x, Tensor factor, in OutputEpilogue epilogue, Tensor y)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < channels * pixels; i++)
            {
                Write(epilogue, y, channels * pixels, n, i, Element(x, channels * pixels, n, i) * Element(factor, channels, n, i / pixels));
            }
        }
    }

    public void MultiplyBackward(int channels, int pixels, int samples, Tensor dy, Tensor factor, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < channels * pixels; i++)
            {
                Write(epilogue, dx, channels * pixels, n, i, Element(dy, channels * pixels, n, i) * Element(factor, channels, n, i / pixels));
            }
        }
    }

    public void GateBackward(int channels, int pixels, int samples, Tensor dy, Tensor x, in GradientEpilogue epilogue, Tensor dx)
    {
        Span<float> lanes = stackalloc float[FormL.Lanes];
        for (var n = 0; n < samples; n++)
        {
            for (var c = 0; c < channels; c++)
            {
                lanes.Clear();
                for (var i = 0; i < pixels; i++)
                {
                    ref var lane = ref lanes[i % FormL.Lanes];
                    lane = MathF.FusedMultiplyAdd(Element(dy, channels * pixels, n, (c * pixels) + i), Element(x, channels * pixels, n, (c * pixels) + i), lane);
                }

                Write(epilogue, dx, channels, n, c, FormL.Fold(lanes));
            }
        }
    }

    public void PReluForward(int channels, int pixels, int samples, Tensor x, Tensor slope, Tensor y)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < channels * pixels; i++)
            {
                var v = Element(x, channels * pixels, n, i);
                Element(y, channels * pixels, n, i) = v > 0 ? v : slope.Host[i / pixels] * v;
            }
        }
    }

    public void PReluBackward(
        int channels, int pixels, int samples, Tensor x, Tensor dy, Tensor slope, Tensor terms, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < channels * pixels; i++)
            {
                var (source, v) = (Element(x, channels * pixels, n, i), Element(dy, channels * pixels, n, i));
                Element(terms, channels * pixels, n, i) = source > 0 ? 0 : v * source;
                if (!dx.IsEmpty)
                {
                    Write(epilogue, dx, channels * pixels, n, i, source > 0 ? v : slope.Host[i / pixels] * v);
                }
            }
        }
    }

    public void ZeroPad2dForward(in Pad2dGeometry g, int samples, Tensor x, Tensor y)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < g.C * g.P * g.Q; i++)
            {
                var (c, h, w) = (i / g.Q / g.P, (i / g.Q % g.P) - g.Top, (i % g.Q) - g.Left);
                var inside = h >= 0 && h < g.H && w >= 0 && w < g.W;
                Element(y, g.C * g.P * g.Q, n, i) = inside ? Element(x, g.C * g.H * g.W, n, (((c * g.H) + h) * g.W) + w) : 0;
            }
        }
    }

    public void ZeroPad2dBackward(in Pad2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < g.C * g.H * g.W; i++)
            {
                var (c, p, q) = (i / g.W / g.H, (i / g.W % g.H) + g.Top, (i % g.W) + g.Left);
                Write(epilogue, dx, g.C * g.H * g.W, n, i, Element(dy, g.C * g.P * g.Q, n, (((c * g.P) + p) * g.Q) + q));
            }
        }
    }

    public void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y)
    {
        var (n, elements) = (0, (long)channels * pixels);
        foreach (var position in slice.Positions())
        {
            for (var i = 0; i < elements; i++)
            {
                Element(y, elements, n, i) = Dropped(draw, pixels, position, i, Element(x, elements, n, i));
            }

            n++;
        }
    }

    public void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        var (n, elements) = (0, (long)channels * pixels);
        foreach (var position in slice.Positions())
        {
            for (var i = 0; i < elements; i++)
            {
                Write(epilogue, dx, elements, n, i, Dropped(draw, pixels, position, i, Element(dy, elements, n, i)));
            }

            n++;
        }
    }

    public void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y)
    {
        var elements = (long)channels * pixels;
        for (var n = 0; n < samples; n++)
        {
            for (var pixel = 0; pixel < pixels; pixel++)
            {
                var (largest, sum) = (double.NegativeInfinity, 0.0);
                for (var c = 0; c < channels; c++)
                {
                    largest = Math.Max(largest, Element(x, elements, n, (c * pixels) + pixel));
                }

                for (var c = 0; c < channels; c++)
                {
                    sum += Math.Exp(Element(x, elements, n, (c * pixels) + pixel) - largest);
                }

                for (var c = 0; c < channels; c++)
                {
                    var shifted = Element(x, elements, n, (c * pixels) + pixel) - largest;
                    Element(y, elements, n, (c * pixels) + pixel) = (float)(log ? shifted - Math.Log(sum) : Math.Exp(shifted) / sum);
                }
            }
        }
    }

    public void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        var elements = (long)channels * pixels;
        for (var n = 0; n < samples; n++)
        {
            for (var pixel = 0; pixel < pixels; pixel++)
            {
                var sum = default(FormC);
                for (var c = 0; c < channels; c++)
                {
                    var i = (c * pixels) + pixel;
                    sum.Add(Element(dy, elements, n, i), log ? 1 : Element(y, elements, n, i));
                }

                for (var c = 0; c < channels; c++)
                {
                    var i = (c * pixels) + pixel;
                    var (output, gradient) = (Element(y, elements, n, i), Element(dy, elements, n, i));
                    var v = log ? gradient - ((float)Math.Exp(output) * sum.Value) : output * (gradient - sum.Value);
                    Write(epilogue, dx, elements, n, i, v);
                }
            }
        }
    }

    private static float Dropped(in DropoutDraw draw, int pixels, int position, int element, float value)
    {
        var i = (uint)(draw.PerChannel ? element / pixels : element);
        var words = Philox.Block(draw.Seed, i / 4, (uint)position, (uint)draw.Step, (draw.Layer * 256) + (uint)RandomPurpose.Dropout);
        var threshold = Math.Round(draw.P * 4294967296.0);
        return words[(int)(i % 4)] < threshold ? 0 : value * (float)(1 / (1 - draw.P));
    }
}
