using ILGPU;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Elementwise;

/// <summary>Of what softmax gives.</summary>
internal enum SoftmaxKind
{
    Probability,

    Logarithm,
}

/// <param name="Cells">Pixels of samples; unused where a group has a sample.</param>
internal readonly record struct SoftmaxForward(SampleCells Cells, int Channels, int Pixels, SoftmaxKind Kind, SampleRows X, SampleRows Y);

internal readonly record struct SoftmaxBackward(
    SampleCells Cells, int Channels, int Pixels, SoftmaxKind Kind, SampleRows Y, SampleRows Dy, GradientSteps Steps, SampleRows Dx);

/// <summary>e^(x - m) over the channels of a pixel.</summary>
internal readonly record struct Exponentials(SampleRows X, long Sample, int Pixels, int Pixel, float Largest) : IProductTerms
{
    public float Left(int k) => VectorMath<ExactLane, float>.ExpOfNonPositive(Exact.Subtract(X[Sample, ((long)k * Pixels) + Pixel], Largest));

    public float Right(int k) => 1;
}

/// <summary>dy y over the channels of a pixel, or dy alone.</summary>
internal readonly record struct SoftmaxGradients(SampleRows Y, SampleRows Dy, long Sample, int Pixels, int Pixel, SoftmaxKind Kind) : IProductTerms
{
    public float Left(int k) => Dy[Sample, ((long)k * Pixels) + Pixel];

    public float Right(int k) => Kind == SoftmaxKind.Logarithm ? 1 : Y[Sample, ((long)k * Pixels) + Pixel];
}

/// <summary>
/// Softmax or its logarithm over channels: of images a thread has one pixel, and neighbours read neighbours; of features, where the channels are neighbours, a
/// group has one sample. e^(x - m) is worked out twice, which costs less than a way through memory.
/// </summary>
internal static class SoftmaxKernels
{
    public static readonly Kernel<SoftmaxForward> Forward = Kernel.Of<SoftmaxForward>(ForwardPixel);

    public static readonly Kernel<SoftmaxForward> ForwardFeatures = Kernel.Of<SoftmaxForward>(ForwardSample);

    public static readonly Kernel<SoftmaxBackward> Backward = Kernel.Of<SoftmaxBackward>(BackwardPixel);

    public static readonly Kernel<SoftmaxBackward> BackwardFeatures = Kernel.Of<SoftmaxBackward>(BackwardSample);

    private static void ForwardPixel(SoftmaxForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, pixel) = a.Cells.This;
        var largest = new FirstLargest(a.X[sample, pixel], 0);
        for (var c = 1; c < a.Channels; c++)
        {
            largest = largest.Or(a.X[sample, ((long)c * a.Pixels) + pixel], c);
        }

        var sum = ProductSum<Exponentials>.ByThread(new Exponentials(a.X, sample, a.Pixels, pixel, largest.Value), a.Channels);
        WriteOutputs(a, sample, pixel, largest.Value, sum, 0, 1);
    }

    private static void ForwardSample(SoftmaxForward a)
    {
        var sample = Grid.IdxX;
        var largest = a.X[sample, LargestOf(a.X, sample, a.Channels)];
        var sum = ProductSum<Exponentials>.ByGroup(new Exponentials(a.X, sample, 1, 0, largest), a.Channels);
        WriteOutputs(a, sample, 0, largest, sum, Group.IdxX, Group.DimX);
    }

    private static void BackwardPixel(SoftmaxBackward a)
    {
        if (a.Cells.HasThis)
        {
            var (sample, pixel) = a.Cells.This;
            var sum = ProductSum<SoftmaxGradients>.ByThread(new SoftmaxGradients(a.Y, a.Dy, sample, a.Pixels, pixel, a.Kind), a.Channels);
            WriteGradients(a, sample, pixel, sum, 0, 1);
        }
    }

    private static void BackwardSample(SoftmaxBackward a)
    {
        var sample = Grid.IdxX;
        var sum = ProductSum<SoftmaxGradients>.ByGroup(new SoftmaxGradients(a.Y, a.Dy, sample, 1, 0, a.Kind), a.Channels);
        WriteGradients(a, sample, 0, sum, Group.IdxX, Group.DimX);
    }

    /// <summary>The index of a sample's first largest element. To be called by all threads of a group, whose number is a power of two.</summary>
    public static int LargestOf(SampleRows x, int sample, int count)
    {
        var largest = new FirstLargest(x[sample, 0], 0);
        for (var i = Group.IdxX; i < count; i += Group.DimX)
        {
            largest = largest.Or(x[sample, i], i);
        }

        return largest.OfLanes(Group.DimX);
    }

    /// <summary>y = e / sum, or (x - m) - log sum.</summary>
    private static void WriteOutputs(SoftmaxForward a, long sample, int pixel, float largest, float sum, int first, int step)
    {
        var y = a.Y;
        var logSum = ScalarMath<ExactLane>.Log(sum);
        for (var c = first; c < a.Channels; c += step)
        {
            var place = ((long)c * a.Pixels) + pixel;
            var shifted = Exact.Subtract(a.X[sample, place], largest);
            y[sample, place] = a.Kind == SoftmaxKind.Logarithm
                ? Exact.Subtract(shifted, logSum)
                : Exact.Divide(VectorMath<ExactLane, float>.ExpOfNonPositive(shifted), sum);
        }
    }

    private static void WriteGradients(SoftmaxBackward a, long sample, int pixel, float sum, int first, int step)
    {
        var dx = a.Dx;
        for (var c = first; c < a.Channels; c += step)
        {
            var place = ((long)c * a.Pixels) + pixel;
            var (y, dy) = (a.Y[sample, place], a.Dy[sample, place]);
            var v = a.Kind == SoftmaxKind.Logarithm
                ? Exact.Subtract(dy, Exact.Multiply(VectorMath<ExactLane, float>.ExpOfNonPositive(y), sum))
                : Exact.Multiply(y, Exact.Subtract(dy, sum));
            dx[sample, place] = a.Steps.Apply(v, sample, place);
        }
    }
}
