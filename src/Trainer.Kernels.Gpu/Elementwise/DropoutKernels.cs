using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Gpu.Elementwise;

/// <param name="Runs">Groups of threads for each sample.</param>
/// <param name="Elements">Of a sample.</param>
/// <param name="Unit">Neighbouring elements that are drawn together: the pixels of a channel, or 1.</param>
/// <param name="FirstSample">Of the samples at hand, which are at neighbouring positions of the global batch.</param>
/// <param name="FirstPosition">Of the first sample at hand.</param>
/// <param name="Threshold">Words below it drop, up to 2^32.</param>
internal readonly record struct Dropout(
    FastDivisor Runs, int Elements, FastDivisor Unit, int FirstSample, int FirstPosition, ulong Seed, uint Step, uint Purpose, ulong Threshold, float Scale,
    SampleRows X, GradientSteps Steps, SampleRows Y);

/// <summary>
/// A group makes a run of 1,024 elements: first its threads draw what they share, a block of four words each, and leave who is kept as four bits in shared
/// memory; then each makes four elements, a group's width apart, so that neighbours read and write neighbours.
/// </summary>
internal static class DropoutKernels
{
    public const int RunElements = 4 * ThreadGroup.Size;

    public static readonly Kernel<Dropout> KeepOrDrop = Kernel.Of<Dropout>(MakeRun);

    private static void MakeRun(Dropout a)
    {
        var kept = SharedMemory.Allocate<uint>(ThreadGroup.Size);
        var run = Grid.IdxX;
        var sample = a.Runs.Quotient(run);
        var first = (run - (sample * a.Runs.Divisor)) * RunElements;
        var firstBlock = a.Unit.Quotient(first) / 4;
        var block = (uint)(firstBlock + Group.IdxX);
        var words = Philox.Block(a.Seed, block, (uint)(a.FirstPosition + sample), a.Step, a.Purpose);
        kept[Group.IdxX] = Bit(words.Word0, a, 0) | Bit(words.Word1, a, 1) | Bit(words.Word2, a, 2) | Bit(words.Word3, a, 3);
        Exact.Barrier();

        var y = a.Y;
        var end = IntrinsicMath.Min(a.Elements, first + RunElements);
        for (var element = first + Group.IdxX; element < end; element += ThreadGroup.Size)
        {
            var unit = a.Unit.Quotient(element);
            var isKept = (kept[(unit / 4) - firstBlock] >> (unit % 4) & 1) != 0;
            var v = isKept ? Exact.Multiply(a.X[a.FirstSample + sample, element], a.Scale) : 0f;
            y[a.FirstSample + sample, element] = a.Steps.Apply(v, a.FirstSample + sample, element);
        }
    }

    private static uint Bit(uint word, Dropout a, int place) => word >= a.Threshold ? 1u << place : 0u;
}
