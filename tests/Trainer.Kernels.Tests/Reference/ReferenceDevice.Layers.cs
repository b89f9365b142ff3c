using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Pooling, normalisation, element by element operations, losses and optimizers.</summary>
public sealed partial class ReferenceDevice
{
    public override void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y)
    {
        ReadOnlySpan<float> xs = x.Host;
        var ys = y.Host;
        var index = 0;
        for (var plane = 0; plane < samples * g.C; plane++)
            for (var p = 0; p < g.P; p++)
                for (var q = 0; q < g.Q; q++)
                {
                    var sum = 0f;
                    for (var r = 0; r < g.R; r++)
                        for (var s = 0; s < g.S; s++)
                        {
                            var (h, w) = ((p * g.StrideH) - g.PadH + r, (q * g.StrideW) - g.PadW + s);
                            sum += h >= 0 && h < g.H && w >= 0 && w < g.W ? xs[(((plane * g.H) + h) * g.W) + w] : 0;
                        }

                    ys[index++] = sum / (g.R * g.S);
                }
    }

    public override void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        ReadOnlySpan<float> dys = dy.Host;
        var dxs = dx.Host[..(samples * g.C * g.H * g.W)];
        dxs.Clear();
        var index = 0;
        for (var plane = 0; plane < samples * g.C; plane++)
            for (var p = 0; p < g.P; p++)
                for (var q = 0; q < g.Q; q++)
                {
                    var share = dys[index++] / (g.R * g.S);
                    for (var r = 0; r < g.R; r++)
                        for (var s = 0; s < g.S; s++)
                        {
                            var (h, w) = ((p * g.StrideH) - g.PadH + r, (q * g.StrideW) - g.PadW + s);
                            if (h >= 0 && h < g.H && w >= 0 && w < g.W)
                            {
                                dxs[(((plane * g.H) + h) * g.W) + w] += share;
                            }
                        }
                }

        for (var i = 0; i < dxs.Length; i++)
        {
            dxs[i] *= Derivative(epilogue, i);
        }
    }

    public override void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y)
    {
        for (var i = 0; i < samples * elements; i++)
        {
            y.Host[i] = Activate(activation, x.Host[i]);
        }
    }

    public override void ActivationBackward(
        Activation activation, long elements, int samples, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx)
    {
        for (var i = 0; i < samples * elements; i++)
        {
            dx.Host[i] = dy.Host[i] * (y.Host[i] * (1 - y.Host[i]));
        }
    }

    public override void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, ReadOnlySpan<int> labels, Span<float> loss, Span<byte> correct, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            var row = logits.Host.Slice(n * classes, classes);
            var (first, sum) = (0, 0.0);
            for (var i = 1; i < classes; i++)
            {
                first = row[i] > row[first] ? i : first;
            }

            foreach (var value in row)
            {
                sum += Math.Exp((double)value - row[first]);
            }

            loss[n] = (float)(Math.Log(sum) - ((double)row[labels[n]] - row[first]));
            correct[n] = first == labels[n] ? (byte)1 : (byte)0;
            for (var i = 0; i < classes && !dx.IsEmpty; i++)
            {
                dx.Host[(n * classes) + i] = (float)((Math.Exp((double)row[i] - row[first]) / sum) - (i == labels[n] ? 1 : 0));
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

    public override ulong Update(ReadOnlySpan<UpdateRun> runs, float scale, Tensor weights, Tensor total, Tensor velocity, Tensor state1)
    {
        var (learningRate, momentum, weightDecay) = (runs[0].LearningRate, runs[0].Momentum, runs[0].WeightDecay);
        var hash = 14695981039346656037UL;
        for (var i = 0; i < weights.Elements; i++)
        {
            var w = weights.Host[i];
            var g = weightDecay == 0 ? total.Host[i] : MathF.FusedMultiplyAdd(weightDecay, w, total.Host[i]);
            var v = g;
            if (!velocity.IsEmpty)
            {
                v = velocity.Host[i] = MathF.FusedMultiplyAdd(momentum, velocity.Host[i], g);
            }

            weights.Host[i] = MathF.FusedMultiplyAdd(-learningRate, v, w);
            hash = (hash ^ BitConverter.SingleToUInt32Bits(weights.Host[i])) * 1099511628211UL;
        }

        return hash;
    }

    public override void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        throw new NotSupportedException();

    public override void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException();

    public override void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen) =>
        throw new NotSupportedException();

    public override void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException();

    public override void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException();

    public override void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException();

    public override void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y) =>
        throw new NotSupportedException();

    public override void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y) =>
        throw new NotSupportedException();

    public override void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y) =>
        throw new NotSupportedException();

    public override void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx) =>
        throw new NotSupportedException();

    public override void SquaredError(float factor, long elements, int samples, Tensor y, Tensor target, Span<float> loss, Tensor dx) =>
        throw new NotSupportedException();

    public override float SquaredNorm(Tensor values) =>
        throw new NotSupportedException();
}
