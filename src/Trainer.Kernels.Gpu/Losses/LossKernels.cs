using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Elementwise;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Losses;

/// <param name="Ignored">Samples with this label have loss and gradient +0.</param>
/// <param name="Weights">Of classes; none: 1.</param>
/// <param name="WeightSum">One element; none without weights, whose sum is the number of classes.</param>
/// <param name="Hit">1 - smoothing</param>
/// <param name="Share">smoothing / classes</param>
/// <param name="Others">Second labels; none: samples have one.</param>
/// <param name="Shares">Of the labels.</param>
/// <param name="Dx">May be left out.</param>
internal readonly record struct CrossEntropy(
    int Classes, int Ignored, float Hit, float Share, ArrayView<float> Weights, ArrayView<float> WeightSum,
    SampleRows Logits, ArrayView<int> Labels, ArrayView<int> Others, LabelShares Shares, ArrayView<float> Loss, ArrayView<float> Correct, SampleRows Dx);

/// <param name="Dx">May be left out.</param>
internal readonly record struct SquaredDifferences(
    LossFactors Factors, int Elements, int Samples, SampleRows Y, SampleRows Target, ArrayView<float> Loss, ArrayView<float> Correct, SampleRows Dx);

/// <param name="Sum">Of the targets of all classes.</param>
internal readonly record struct SampleTargets(float Sum, int Label, float OfLabel, int Other, float OfOther);

internal readonly record struct ClassWeightSum(int Classes, ArrayView<float> Weights, ArrayView<float> Sum) : IProductTerms
{
    public float Left(int k) => Weights[k];

    public float Right(int k) => 1;
}

/// <summary>w_c (-log p_c) over the classes, with -log p = log s - (x - m).</summary>
internal readonly record struct NegativeLogs(SampleRows X, int Sample, float Largest, float LogSum, ArrayView<float> Weights) : IProductTerms
{
    public float Left(int k) => Weights.Length == 0 ? 1 : Weights[k];

    public float Right(int k) => Exact.Subtract(LogSum, Exact.Subtract(X[Sample, k], Largest));
}

/// <summary>
/// Loss, correctness and gradient of samples. Cross entropy: a group has one sample; squared errors: 16 neighbouring threads have one, the lanes of Form L.
/// </summary>
/// <remarks>
/// With targets t_c = w_c ((1 - smoothing) onehot(label)_c + smoothing / classes), of two labels the onehot of each in its share, and p = e / s: loss = sum of t_c (-log p_c) and
/// dx = p T - t, T = sum of t. The label's own part is kept apart from what all classes have, so without options dx = e / s - onehot(label).
/// </remarks>
internal static class LossKernels
{
    /// <summary>Threads that share a squared error.</summary>
    public const int Lanes = 16;

    public static readonly Kernel<CrossEntropy> SoftmaxCrossEntropy = Kernel.Of<CrossEntropy>(CrossEntropyOfSample);

    /// <summary>One group: the sum of class weights.</summary>
    public static readonly Kernel<ClassWeightSum> SumWeights = Kernel.Of<ClassWeightSum>(SumOfWeights);

    public static readonly Kernel<SquaredDifferences> SquaredError = Kernel.Of<SquaredDifferences>(SquaredErrorOfSample);

    private static void SumOfWeights(ClassWeightSum a)
    {
        var total = ProductSum<ClassWeightSum>.ByGroup(a, a.Classes);
        if (Group.IdxX == 0)
        {
            var sum = a.Sum;
            sum[0] = total;
        }
    }

    private static void CrossEntropyOfSample(CrossEntropy a)
    {
        var sample = Grid.IdxX;
        var isIgnored = a.Labels[sample] == a.Ignored;
        var label = isIgnored ? 0 : a.Labels[sample];
        var first = SoftmaxKernels.LargestOf(a.Logits, sample, a.Classes);
        var largest = a.Logits[sample, first];
        var sum = ProductSum<Exponentials>.ByGroup(new Exponentials(a.Logits, sample, 1, 0, largest), a.Classes);
        var logSum = ScalarMath<ExactLane>.Log(sum);
        var other = a.Others.Length == 0 ? label : a.Others[sample];
        var target = TargetOf(a, label, a.Shares.First);
        var otherTarget = a.Others.Length == 0 ? 0f : TargetOf(a, other, a.Shares.Second);
        var loss = Exact.Multiply(target, Exact.Subtract(logSum, Exact.Subtract(a.Logits[sample, label], largest)));
        if (a.Others.Length > 0)
        {
            loss = Exact.Fma(otherTarget, Exact.Subtract(logSum, Exact.Subtract(a.Logits[sample, other], largest)), loss);
        }

        if (a.Share != 0)
        {
            var all = ProductSum<NegativeLogs>.ByGroup(new NegativeLogs(a.Logits, sample, largest, logSum, a.Weights), a.Classes);
            loss = Exact.Fma(a.Share, all, loss);
        }

        if (Group.IdxX == 0)
        {
            var (losses, correct) = (a.Loss, a.Correct);
            losses[sample] = isIgnored ? 0f : loss;
            correct[sample] = !isIgnored && first == (a.Shares.First >= a.Shares.Second ? label : other) ? 1f : 0f;
        }

        if (!a.Dx.IsEmpty)
        {
            var targets = Exact.Fma(a.Share, a.Weights.Length == 0 ? a.Classes : a.WeightSum[0], Exact.Add(target, otherTarget));
            WriteGradient(a, sample, new SampleTargets(targets, label, target, other, otherTarget), largest, sum, isIgnored);
        }
    }

    private static float TargetOf(CrossEntropy a, int label, float share) =>
        Exact.Multiply(a.Weights.Length == 0 ? a.Hit : Exact.Multiply(a.Weights[label], a.Hit), share);

    /// <summary>dx = (e / s) T - share w_c, at a label less its own target.</summary>
    private static void WriteGradient(CrossEntropy a, int sample, SampleTargets targets, float largest, float sum, bool isIgnored)
    {
        var dx = a.Dx;
        for (var i = Group.IdxX; i < a.Classes; i += Group.DimX)
        {
            var e = VectorMath<ExactLane, float>.ExpOfNonPositive(Exact.Subtract(a.Logits[sample, i], largest));
            var share = a.Weights.Length == 0 ? a.Share : Exact.Multiply(a.Share, a.Weights[i]);
            var v = Exact.Subtract(Exact.Multiply(Exact.Divide(e, sum), targets.Sum), share);
            v = i == targets.Label ? Exact.Subtract(v, targets.OfLabel) : v;
            v = i == targets.Other ? Exact.Subtract(v, targets.OfOther) : v;
            dx[sample, i] = isIgnored ? 0f : v;
        }
    }

    private static void SquaredErrorOfSample(SquaredDifferences a)
    {
        var lane = Group.IdxX % Lanes;
        var sample = (Grid.IdxX * (ThreadGroup.Size / Lanes)) + (Group.IdxX / Lanes);
        var isSample = sample < a.Samples;
        var dx = a.Dx;
        var (part, doubled) = (0f, Exact.Multiply(2, a.Factors.Gradient));
        var (largest, largestTarget) = (new FirstLargest(0, 0), new FirstLargest(0, 0));
        if (isSample)
        {
            largest = new FirstLargest(a.Y[sample, 0], 0);
            largestTarget = new FirstLargest(a.Target[sample, 0], 0);
            for (var i = lane; i < a.Elements; i += Lanes)
            {
                var (y, target) = (a.Y[sample, i], a.Target[sample, i]);
                var d = Exact.Subtract(y, target);
                part = Exact.Fma(d, d, part);
                largest = largest.Or(y, i);
                largestTarget = largestTarget.Or(target, i);
                if (!dx.IsEmpty)
                {
                    dx[sample, i] = Exact.Multiply(doubled, d);
                }
            }
        }

        var sum = LaneFold.Sum(part);
        var isHit = largest.OfLanes(Lanes) == largestTarget.OfLanes(Lanes);
        if (isSample && lane == 0)
        {
            var (losses, correct) = (a.Loss, a.Correct);
            losses[sample] = Exact.Multiply(a.Factors.Loss, sum);
            correct[sample] = isHit ? 1f : 0f;
        }
    }
}
