using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Tiles;

namespace Trainer.Kernels.Gpu.Reduction;

/// <param name="Pixels">Of all samples; 1 each for a linear layer.</param>
/// <param name="Pieces">As <see cref="GpuReduction.Pieces"/>.</param>
/// <param name="Slots">(pieces, Channels)</param>
internal readonly record struct BiasGradient(SampleRows Dy, PixelGrid Pixels, int Channels, int PieceCount, ArrayView<int> Pieces, ArrayView<float> Slots);

/// <summary>Sums of dy over the pixels of a piece.</summary>
internal static class BiasGradientKernels
{
    /// <summary>Threads that share a sum in Form L: one for each virtual lane.</summary>
    public const int Lanes = 16;

    /// <summary>Form L. 16 neighbouring threads read 16 neighbouring pixels.</summary>
    public static readonly Kernel<BiasGradient> Convolution = Kernel.Of<BiasGradient>(ConvolutionSum);

    /// <summary>Form C over samples: a thread has one output, and neighbours read neighbours.</summary>
    public static readonly Kernel<BiasGradient> Linear = Kernel.Of<BiasGradient>(LinearSum);

    private static void ConvolutionSum(BiasGradient a)
    {
        var lane = Group.IdxX % Lanes;
        var sum = (Grid.IdxX * (ThreadGroup.Size / Lanes)) + (Group.IdxX / Lanes);
        var isSum = sum < a.PieceCount * a.Channels;
        var (piece, channel) = (sum / a.Channels, sum % a.Channels);
        var part = 0f;
        if (isSum)
        {
            var first = a.Pieces[(piece * GpuReduction.PieceStride) + 1];
            var end = first + a.Pieces[(piece * GpuReduction.PieceStride) + 2];
            for (var pixel = first + lane; pixel < end; pixel += Lanes)
            {
                var sample = a.Pixels.SampleOf(pixel);
                part = Exact.Add(part, a.Dy[sample, ((long)channel * a.Pixels.PerSample) + pixel - (sample * a.Pixels.PerSample)]);
            }
        }

        var total = LaneFold.Sum(part);
        if (isSum && lane == 0)
        {
            var slots = a.Slots;
            slots[sum] = total;
        }
    }

    private static void LinearSum(BiasGradient a)
    {
        var sum = Grid.GlobalIndex.X;
        if (sum >= a.PieceCount * a.Channels)
        {
            return;
        }

        var (piece, channel) = (sum / a.Channels, sum % a.Channels);
        var first = a.Pieces[(piece * GpuReduction.PieceStride) + 1];
        var count = a.Pieces[(piece * GpuReduction.PieceStride) + 2];
        var chain = new FormC();
        for (var i = 0; i < count; i++)
        {
            chain = chain.Add(a.Dy[first + i, channel]);
        }

        var slots = a.Slots;
        slots[sum] = chain.Value;
    }
}
