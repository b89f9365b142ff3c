using Trainer.Kernels.Devices;
using static Trainer.Kernels.Tests.Reference.ReferenceElements;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Losses.</summary>
internal sealed class ReferenceLosses : ILosses
{
    public void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx)
    {
        var (weights, smoothing) = (options.ClassWeights, (double)options.LabelSmoothing);
        var (others, mix) = (options.OtherLabels, options.Shares);
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
            var (hasOther, other, shares) = (!others.IsEmpty, others.IsEmpty ? label : others.HostInts[n], others.IsEmpty ? new LabelShares(1, 0) : mix);
            double OneHot(int c) => (c == label ? shares.First : 0.0) + (hasOther && c == other ? shares.Second : 0.0);
            double Target(int c) => isIgnored ? 0 : Weight(c) * (((1 - smoothing) * OneHot(c)) + (smoothing / classes));
            for (var i = 0; i < classes; i++)
            {
                targets += Target(i);
                value += Target(i) == 0 ? 0 : Target(i) * (Math.Log(sum) - (Element(logits, classes, n, i) - largest));
            }

            loss.Host[n] = (float)value;
            correct.Host[n] = first == (shares.First >= shares.Second ? label : other) ? 1 : 0;
            for (var i = 0; i < classes && !dx.IsEmpty; i++)
            {
                Element(dx, classes, n, i) = (float)((Math.Exp(Element(logits, classes, n, i) - largest) / sum * targets) - Target(i));
            }
        }
    }

    public void SquaredError(in LossFactors factors, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx)
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
                    Element(dx, elements, n, i) = 2 * factors.Gradient * d;
                }
            }

            loss.Host[n] = factors.Loss * FormL.Fold(lanes);
            correct.Host[n] = FirstLargest(y, elements, n) == FirstLargest(target, elements, n) ? 1 : 0;
        }
    }

    public void BinaryCrossEntropy(
        in LossFactors factors, long elements, int samples, Tensor weights, Tensor positiveWeights, Tensor logits, Tensor target, Tensor loss, Tensor correct, Tensor dx)
    {
        for (var n = 0; n < samples; n++)
        {
            var sum = 0.0;
            for (var i = 0; i < elements; i++)
            {
                var (x, t, w, p) = ((double)Element(logits, elements, n, i), (double)Element(target, elements, n, i), weights.Host[i], positiveWeights.Host[i]);
                sum += w * ((p * t * Softplus(-x)) + ((1 - t) * Softplus(x)));
                if (!dx.IsEmpty)
                {
                    Element(dx, elements, n, i) = (float)(factors.Gradient * w * (((1 - t) / (1 + Math.Exp(-x))) - (p * t / (1 + Math.Exp(x)))));
                }
            }

            loss.Host[n] = (float)(factors.Loss * sum);
            var wanted = Element(target, elements, n, FirstLargest(target, elements, n));
            correct.Host[n] = wanted > 0 && Element(target, elements, n, FirstLargest(logits, elements, n)) == wanted ? 1 : 0;
        }

        static double Softplus(double x) => Math.Max(x, 0) + (x is > 30 or < -30 ? Math.Exp(-Math.Abs(x)) : Math.Log(1 + Math.Exp(-Math.Abs(x))));
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
}
