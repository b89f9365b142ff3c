using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Memory;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Direct;

/// <summary>Neighbouring taps of a filter that see no border: the first one's number, how many they are, and which element of a plane of the source it sees.</summary>
internal readonly record struct TapRun(int Tap, int Count, int Element);

/// <summary>For each pixel the taps that see the image itself. What a tap sees of the border is 0 and adds nothing.</summary>
internal sealed unsafe class TapRuns : IDisposable
{
    private readonly NativeBuffer _runs = new();
    private readonly NativeBuffer _first = new();

    private TapRun* Runs => _runs.Ensure<TapRun>(0);

    private int* First => _first.Ensure<int>(0);

    /// <summary>Elements of a plane of the source from one tap of a run to the next.</summary>
    public int Step { get; private set; }

    /// <summary>Pairs of a pixel and a tap that sees the image.</summary>
    public static long CountOf(PatchLayout patches)
    {
        long rows = 0, columns = 0;
        for (var p = 0; p < patches.Pixels / patches.PixelColumns; p++)
        {
            for (var r = 0; r < patches.TapRows; r++)
            {
                rows += patches.SourceRow(r, p) is null ? 0 : 1;
            }
        }

        for (var q = 0; q < patches.PixelColumns; q++)
        {
            for (var s = 0; s < patches.TapColumns; s++)
            {
                columns += patches.SourceColumn(s, q) is null ? 0 : 1;
            }
        }

        return rows * columns;
    }

    public void Describe(PatchLayout patches)
    {
        var runs = _runs.Ensure<TapRun>((long)patches.Pixels * patches.TapRows);
        var first = _first.Ensure<int>(patches.Pixels + 1);
        Step = patches.TapColumns > 1 ? patches.Offsets[1] - patches.Offsets[0] : 1;
        var count = 0;
        for (var pixel = 0; pixel < patches.Pixels; pixel++)
        {
            first[pixel] = count;
            var (p, q) = Math.DivRem(pixel, patches.PixelColumns);
            var (tap, columns, element) = ColumnsOf(patches, q);
            for (var r = 0; r < patches.TapRows && columns > 0; r++)
            {
                if (patches.SourceRow(r, p) is { } row)
                {
                    runs[count++] = new TapRun((r * patches.TapColumns) + tap, columns, (row * patches.SourceColumns) + element);
                }
            }
        }

        first[patches.Pixels] = count;
    }

    public ReadOnlySpan<TapRun> Of(int pixel) => new(Runs + First[pixel], First[pixel + 1] - First[pixel]);

    public void Dispose()
    {
        _runs.Dispose();
        _first.Dispose();
    }

    private static (int Tap, int Count, int Element) ColumnsOf(PatchLayout patches, int q)
    {
        var found = (Tap: 0, Count: 0, Element: 0);
        for (var s = 0; s < patches.TapColumns; s++)
        {
            if (patches.SourceColumn(s, q) is { } column)
            {
                found = found.Count == 0 ? (s, 1, column) : found with { Count = found.Count + 1 };
            }
        }

        return found;
    }
}
