using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Pooling;

/// <param name="Chosen">The pixel of the channel that each output took, (samples, outputs); none in evaluation.</param>
/// <param name="SampleOutputs">Outputs of a sample.</param>
internal readonly record struct AdaptiveForward(
    SampleCells Cells, AdaptiveWindows Windows, SampleRows X, OutputSteps Steps, SampleRows Y, ArrayView<int> Chosen, long SampleOutputs);

/// <param name="Chosen">As <see cref="AdaptiveForward"/>; none for averages.</param>
internal readonly record struct AdaptiveBackward(
    SampleCells Cells, AdaptiveWindows Windows, SampleRows Dy, ArrayView<int> Chosen, long SampleOutputs, GradientSteps Steps, SampleRows Dx);

/// <summary>
/// Pooling to a given size. Averages: 16 neighbouring threads are the lanes of an output in Form L, and read neighbours. Else a thread makes one output, or
/// gathers one pixel of dx from the windows that hold it, in row order.
/// </summary>
internal static class AdaptivePoolKernels
{
    public const int Lanes = 16;

    /// <summary>A thread for each lane of each output.</summary>
    public static readonly Kernel<AdaptiveForward> AvgForward = Kernel.Of<AdaptiveForward>(AverageOfWindow);

    public static readonly Kernel<AdaptiveBackward> AvgBackward = Kernel.Of<AdaptiveBackward>(GatherShares);

    public static readonly Kernel<AdaptiveForward> MaxForward = Kernel.Of<AdaptiveForward>(LargestOfWindow);

    public static readonly Kernel<AdaptiveBackward> MaxBackward = Kernel.Of<AdaptiveBackward>(GatherChosen);

    private static void AverageOfWindow(AdaptiveForward a)
    {
        var (sample, laneElement) = a.Cells.This;
        var (output, lane) = (laneElement / Lanes, laneElement % Lanes);
        var (channel, row, column) = a.Windows.Outputs.At(output);
        var (top, left) = (a.Windows.Rows.First(row), a.Windows.Columns.First(column));
        var (pixels, width) = (a.Windows.PixelsOf(row, column), a.Windows.Columns.End(column) - left);
        var first = a.Windows.Image.ElementOf(channel, top, left);
        var part = 0f;
        if (a.Cells.HasThis)
        {
            for (var i = lane; i < pixels; i += Lanes)
            {
                // Whole rows are neighbours in memory.
                var place = width == a.Windows.Columns.Size ? i : (i / width * a.Windows.Columns.Size) + (i % width);
                part = Exact.Add(part, a.X[sample, first + place]);
            }
        }

        var sum = LaneFold.Sum(part);
        if (a.Cells.HasThis && lane == 0)
        {
            var y = a.Y;
            y[sample, output] = a.Steps.Apply(Exact.Divide(sum, pixels), sample, output);
        }
    }

    private static void GatherShares(AdaptiveBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (channel, h, w) = a.Windows.Image.At(element);
        var (rows, columns, sum) = (a.Windows.Rows, a.Windows.Columns, 0f);
        var (firstColumn, endColumn) = (columns.FirstWindow(w), columns.EndWindow(w));
        for (var p = rows.FirstWindow(h); p < rows.EndWindow(h); p++)
        {
            for (var q = firstColumn; q < endColumn; q++)
            {
                var dy = a.Dy[sample, a.Windows.Outputs.ElementOf(channel, p, q)];
                sum = Exact.Add(sum, Exact.Divide(dy, a.Windows.PixelsOf(p, q)));
            }
        }

        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(sum, sample, element);
    }

    private static void LargestOfWindow(AdaptiveForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, output) = a.Cells.This;
        var (channel, row, column) = a.Windows.Outputs.At(output);
        var (rows, columns) = (a.Windows.Rows, a.Windows.Columns);
        var (best, number) = (0f, -1);
        for (var h = rows.First(row); h < rows.End(row); h++)
        {
            for (var w = columns.First(column); w < columns.End(column); w++)
            {
                var value = a.X[sample, a.Windows.Image.ElementOf(channel, h, w)];
                if (number < 0 || value > best || (float.IsNaN(value) && !float.IsNaN(best)))
                {
                    best = value;
                    number = (h * columns.Size) + w;
                }
            }
        }

        var (y, chosen) = (a.Y, a.Chosen);
        y[sample, output] = a.Steps.Apply(best, sample, output);
        if (chosen.Length != 0)
        {
            chosen[(sample * a.SampleOutputs) + output] = number;
        }
    }

    private static void GatherChosen(AdaptiveBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var (channel, h, w) = a.Windows.Image.At(element);
        var (rows, columns, sum) = (a.Windows.Rows, a.Windows.Columns, 0f);
        var (firstColumn, endColumn) = (columns.FirstWindow(w), columns.EndWindow(w));
        for (var p = rows.FirstWindow(h); p < rows.EndWindow(h); p++)
        {
            for (var q = firstColumn; q < endColumn; q++)
            {
                var output = a.Windows.Outputs.ElementOf(channel, p, q);
                if (a.Chosen[(sample * a.SampleOutputs) + output] == (h * columns.Size) + w)
                {
                    sum = Exact.Add(sum, a.Dy[sample, output]);
                }
            }
        }

        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(sum, sample, element);
    }
}
