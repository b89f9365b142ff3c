using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Losses;

/// <param name="Dx">May be left out.</param>
internal readonly record struct BinaryCrossEntropies(
    LossFactors Factors, int Elements, int Samples, ArrayView<float> Weights, ArrayView<float> PositiveWeights,
    SampleRows Logits, SampleRows Target, ArrayView<float> Loss, ArrayView<float> Correct, SampleRows Dx);

/// <summary>Loss, correctness and gradient of samples: 16 neighbouring threads have one, the lanes of Form L.</summary>
internal static class BinaryCrossEntropyKernels
{
    /// <summary>Threads that share a sample.</summary>
    public const int Lanes = 16;

    public static readonly Kernel<BinaryCrossEntropies> OfSamples = Kernel.Of<BinaryCrossEntropies>(OfSample);

    private static void OfSample(BinaryCrossEntropies a)
    {
        var lane = Group.IdxX % Lanes;
        var sample = (Grid.IdxX * (ThreadGroup.Size / Lanes)) + (Group.IdxX / Lanes);
        var isSample = sample < a.Samples;
        var part = 0f;
        var (largest, largestTarget) = (new FirstLargest(0, 0), new FirstLargest(0, 0));
        if (isSample)
        {
            largest = new FirstLargest(a.Logits[sample, 0], 0);
            largestTarget = new FirstLargest(a.Target[sample, 0], 0);
            for (var i = lane; i < a.Elements; i += Lanes)
            {
                var (x, target, positive) = (a.Logits[sample, i], a.Target[sample, i], a.PositiveWeights[i]);
                part = Exact.Fma(a.Weights[i], LaneLoss<ExactLane, float>.BinaryCrossEntropy(x, target, positive), part);
                largest = largest.Or(x, i);
                largestTarget = largestTarget.Or(target, i);
                WriteGradient(a, sample, i, x, target, positive);
            }
        }

        var sum = LaneFold.Sum(part);
        var (answer, wanted) = (largest.OfLanes(Lanes), largestTarget.OfLanes(Lanes));
        if (isSample && lane == 0)
        {
            var (losses, correct) = (a.Loss, a.Correct);
            losses[sample] = Exact.Multiply(a.Factors.Loss, sum);
            correct[sample] = a.Target[sample, wanted] > 0 && a.Target[sample, answer] == a.Target[sample, wanted] ? 1f : 0f;
        }
    }

    private static void WriteGradient(BinaryCrossEntropies a, int sample, int i, float x, float target, float positive)
    {
        var dx = a.Dx;
        if (!dx.IsEmpty)
        {
            var v = LaneLoss<ExactLane, float>.BinaryCrossEntropyGradient(x, target, positive);
            dx[sample, i] = Exact.Multiply(Exact.Multiply(a.Factors.Gradient, a.Weights[i]), v);
        }
    }
}
