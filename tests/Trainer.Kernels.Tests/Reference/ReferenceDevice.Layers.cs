using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Element by element operations, losses and optimizers.</summary>
public sealed partial class ReferenceDevice
{
    public override void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y) =>
        Add(elements, samples, x, new OutputEpilogue(activation), y);

    public override void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
            for (var i = 0; i < elements; i++)
            {
                var v = Element(dy, elements, n, i);
                v = activation.IsNone ? v
                    : activation.HasDerivativeOfOutput ? MultiplyDerivative(activation, Element(source, elements, n, i), v)
                    : v * DerivativeOfInput(activation, Element(source, elements, n, i));
                Write(epilogue, dx, elements, n, i, v);
            }
    }

    public override void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        for (var n = 0; n < samples; n++)
            for (var i = 0; i < elements; i++)
            {
                Write(epilogue, y, elements, n, i, Element(x, elements, n, i));
            }
    }

    public override void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        ActivationBackward(Activation.None, elements, samples, default, dy, epilogue, dx);

    public override void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y)
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

    public override void DropoutBackward(
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

    public override void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y)
    {
        var elements = (long)channels * pixels;
        for (var n = 0; n < samples; n++)
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

    public override void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        var elements = (long)channels * pixels;
        for (var n = 0; n < samples; n++)
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

    public override void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx)
    {
        var (weights, smoothing) = (options.ClassWeights, (double)options.LabelSmoothing);
        double Weight(int c) => weights.IsEmpty ? 1 : weights.Host[c];
        for (var n = 0; n < samples; n++)
        {
            var (first, sum, targets, value, label) = (FirstLargest(logits, classes, n), 0.0, 0.0, 0.0, labels.HostInts[n]);
            var largest = (double)Element(logits, classes, n, first);
            for (var i = 0; i < classes; i++)
            {
                sum += Math.Exp(Element(logits, classes, n, i) - largest);
            }

            var isIgnored = label == options.IgnoreIndex;
            double Target(int c) => isIgnored ? 0 : Weight(c) * ((c == label ? 1 - smoothing : 0) + (smoothing / classes));
            for (var i = 0; i < classes; i++)
            {
                targets += Target(i);
                value += Target(i) == 0 ? 0 : Target(i) * (Math.Log(sum) - (Element(logits, classes, n, i) - largest));
            }

            loss.Host[n] = (float)value;
            correct.Host[n] = first == label ? 1 : 0;
            for (var i = 0; i < classes && !dx.IsEmpty; i++)
            {
                Element(dx, classes, n, i) = (float)((Math.Exp(Element(logits, classes, n, i) - largest) / sum * targets) - Target(i));
            }
        }
    }

    public override bool Divide(Tensor values, float divisor)
    {
        var isFinite = true;
        foreach (ref var value in values.Host)
        {
            value /= divisor;
            isFinite &= float.IsFinite(value);
        }

        return isFinite;
    }

    public override void SquaredError(float factor, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        Span<float> lanes = stackalloc float[FormL.Lanes];
        for (var n = 0; n < samples; n++)
        {
            lanes.Clear();
            for (var i = 0; i < elements; i++)
            {
                var d = Element(y, elements, n, i) - Element(target, elements, n, i);
                lanes[i % FormL.Lanes] = MathF.FusedMultiplyAdd(d, d, lanes[i % FormL.Lanes]);
                if (!dx.IsEmpty)
                {
                    Element(dx, elements, n, i) = 2 * factor * d;
                }
            }

            loss.Host[n] = factor * FormL.Fold(lanes);
            correct.Host[n] = FirstLargest(y, elements, n) == FirstLargest(target, elements, n) ? 1 : 0;
        }
    }

    public override float SquaredNorm(Tensor values)
    {
        var (total, lanes) = (0f, new float[FormL.Lanes]);
        for (var first = 0; first < values.Elements; first += Chunk.Elements)
        {
            Array.Clear(lanes);
            for (var i = 0; i < Math.Min(Chunk.Elements, values.Elements - first); i++)
            {
                var v = values.Host[first + i];
                lanes[i % FormL.Lanes] = MathF.FusedMultiplyAdd(v, v, lanes[i % FormL.Lanes]);
            }

            total += FormL.Fold(lanes);
        }

        return total;
    }

    public override void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> hashes)
    {
        for (var buffer = 0; buffer < after.Length; buffer++)
        {
            before[buffer].Host.CopyTo(after[buffer].Host);
        }

        var i = 0;
        var (state0, state1) = (after.Length > 1 ? after[1] : default, after.Length > 2 ? after[2] : default);
        foreach (var run in runs)
        {
            for (var end = i + run.Elements; i < end; i++)
            {
                UpdateElement(run, scale, ref after[0].Host[i], total.Host[i], state0, state1, i);
            }
        }

        var chunks = hashes.Length / after.Length;
        for (var buffer = 0; buffer < after.Length; buffer++)
        {
            Hash(after[buffer], hashes.Slice(buffer * chunks, chunks));
        }
    }

    public override void Hash(Tensor values, Span<ulong> hashes)
    {
        for (var chunk = 0; chunk < hashes.Length; chunk++)
        {
            var hash = 14695981039346656037UL;
            for (var i = chunk * Chunk.Elements; i < Math.Min((chunk + 1) * Chunk.Elements, values.Elements); i++)
            {
                hash = (hash ^ BitConverter.SingleToUInt32Bits(values.Host[i])) * 1099511628211UL;
            }

            hashes[chunk] = hash;
        }
    }

    private static void UpdateElement(in UpdateRun run, float scale, ref float w, float total, Tensor state0, Tensor state1, int i)
    {
        var g = scale * total;
        switch (run.Rule)
        {
            case UpdateRule.Average:
                w = MathF.FusedMultiplyAdd(run.Momentum, total - w, w);
                break;
            case UpdateRule.Sgd:
                g = run.WeightDecay == 0 ? g : MathF.FusedMultiplyAdd(run.WeightDecay, w, g);
                if (run.Momentum != 0)
                {
                    ref var v = ref state0.Host[i];
                    v = run.Step == 1 ? g : MathF.FusedMultiplyAdd(run.Momentum, v, (1 - run.Dampening) * g);
                    g = run.Nesterov ? MathF.FusedMultiplyAdd(run.Momentum, v, g) : v;
                }

                w = MathF.FusedMultiplyAdd(-run.LearningRate, g, w);
                break;
            case UpdateRule.Adam or UpdateRule.AdamW:
                Adam(run, g, ref w, ref state0.Host[i], ref state1.Host[i]);
                break;
            default:
                break;
        }
    }

    private static void Adam(in UpdateRun run, float g, ref float w, ref float m, ref float v)
    {
        var (rate, beta1, beta2) = ((double)(decimal)run.LearningRate, (double)(decimal)run.Beta1, (double)(decimal)run.Beta2);
        var (unseen1, unseen2) = (1.0, 1.0);
        for (var t = 0; t < run.Step; t++)
        {
            (unseen1, unseen2) = (unseen1 * beta1, unseen2 * beta2);
        }

        if (run.WeightDecay != 0 && run.Rule == UpdateRule.AdamW)
        {
            w = MathF.FusedMultiplyAdd(-(float)(rate * run.WeightDecay), w, w);
        }

        g = run.Rule == UpdateRule.Adam && run.WeightDecay != 0 ? MathF.FusedMultiplyAdd(run.WeightDecay, w, g) : g;
        m = MathF.FusedMultiplyAdd((float)(1 - beta1), g - m, m);
        v = MathF.FusedMultiplyAdd((float)(1 - beta2) * g, g, (float)beta2 * v);
        var divisor = (MathF.Sqrt(v) / (float)Math.Sqrt(1 - unseen2)) + run.Eps;
        w = MathF.FusedMultiplyAdd(-(float)(rate / (1 - unseen1)), m / divisor, w);
    }

    private static int FirstLargest(Tensor tensor, long elements, int sample)
    {
        var first = 0;
        for (var i = 1; i < elements; i++)
        {
            first = Element(tensor, elements, sample, i) > Element(tensor, elements, sample, first) ? i : first;
        }

        return first;
    }

    private static float Dropped(in DropoutDraw draw, int pixels, int position, int element, float value)
    {
        var i = (uint)(draw.PerChannel ? element / pixels : element);
        var words = Philox.Block(draw.Seed, i / 4, (uint)position, (uint)draw.Step, (draw.Layer * 256) + (uint)RandomPurpose.Dropout);
        var threshold = Math.Round(draw.P * 4294967296.0);
        return words[(int)(i % 4)] < threshold ? 0 : value * (float)(1 / (1 - draw.P));
    }

    /// <summary>Element i of a sample of an activation, whose samples may be a stride apart.</summary>
    private static ref float Element(Tensor tensor, long elements, int sample, long i) => ref tensor.Host[(int)((sample * tensor.StrideOf(elements)) + i)];

    private static void Write(in OutputEpilogue epilogue, Tensor y, long elements, int sample, long i, float v)
    {
        v = epilogue.Addend.IsEmpty ? v : v + Element(epilogue.Addend, elements, sample, i);
        Element(y, elements, sample, i) = Activate(epilogue.Activation, v);
    }

    private static void Write(in GradientEpilogue epilogue, Tensor dx, long elements, int sample, long i, float v)
    {
        v = epilogue.Addend.IsEmpty ? v : v + Element(epilogue.Addend, elements, sample, i);
        Element(dx, elements, sample, i) =
            epilogue.Activation.IsNone ? v : MultiplyDerivative(epilogue.Activation, Element(epilogue.Output, elements, sample, i), v);
    }

    private static float DerivativeOfInput(Activation activation, float x)
    {
        switch (activation.Kind)
        {
            case ActivationKind.LeakyRelu:
                return x > 0 ? 1 : activation.Slope;
            case ActivationKind.Elu:
                return (float)(x > 0 ? 1 : activation.Slope * Math.Exp(x));
            case ActivationKind.Hardsigmoid:
                return x is <= -3 or >= 3 ? 0 : 1f / 6;
            case ActivationKind.Hardswish:
                return x <= -3 ? 0 : x >= 3 ? 1 : (x / 3) + 0.5f;
            case ActivationKind.Gelu:
                return (float)(NormalBelow(x) + (x * Math.Exp(-(double)x * x / 2) / Math.Sqrt(2 * Math.PI)));
            case ActivationKind.GeluTanh:
                var u = Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x));
                var slope = Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715 * x * x));
                return (float)(((1 + Math.Tanh(u)) / 2) + (x * (1 - (Math.Tanh(u) * Math.Tanh(u))) * slope / 2));
            default:
                var s = 1 / (1 + Math.Exp(-(double)x));
                return (float)(s + (x * s * (1 - s)));
        }
    }

    /// <summary>The normal distribution below x: 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...), for |x| up to about 10.</summary>
    private static double NormalBelow(double x)
    {
        var (sum, term) = (x, x);
        for (var k = 3; k < 400; k += 2)
        {
            term *= x * x / k;
            sum += term;
        }

        return 0.5 + (Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) * sum);
    }
}
