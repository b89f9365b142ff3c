using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Pooling;

internal readonly record struct MaxPoolForward(SampleCells Cells, PoolWindows Windows, SampleRows X, OutputSteps Steps, SampleRows Y, ChosenTaps Chosen);

internal readonly record struct MaxPoolBackward(SampleCells Cells, PoolWindows Windows, SampleRows Dy, ChosenTaps Chosen, GradientSteps Steps, SampleRows Dx);

internal readonly record struct AvgPoolForward(SampleCells Cells, PoolWindows Windows, SampleRows X, OutputSteps Steps, SampleRows Y);

internal readonly record struct AvgPoolBackward(SampleCells Cells, PoolWindows Windows, SampleRows Dy, GradientSteps Steps, SampleRows Dx);

/// <summary>
/// Pooling: a thread makes one output, or gathers one pixel of dx from the windows that hold it, in row order, so that no two add to one place.
/// </summary>
internal static class PoolKernels
{
    public static readonly Kernel<MaxPoolForward> MaxForward = Kernel.Of<MaxPoolForward>(LargestOfWindow);

    public static readonly Kernel<MaxPoolBackward> MaxBackward = Kernel.Of<MaxPoolBackward>(GatherChosen);

    public static readonly Kernel<AvgPoolForward> AvgForward = Kernel.Of<AvgPoolForward>(AverageOfWindow);

    public static readonly Kernel<AvgPoolBackward> AvgBackward = Kernel.Of<AvgPoolBackward>(GatherShares);

    private static void LargestOfWindow(MaxPoolForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, output) = a.Cells.This;
        var (channel, row, column) = a.Windows.Outputs.At(output);
        var (rows, columns) = (a.Windows.Rows, a.Windows.Columns);
        var (best, chosen) = (0f, -1);
        for (var r = 0; r < rows.Taps; r++)
        {
            var h = rows.Start(row) + (r * rows.Dilation);
            for (var s = 0; s < columns.Taps; s++)
            {
                var w = columns.Start(column) + (s * columns.Dilation);
                if (h >= 0 && h < rows.Size && w >= 0 && w < columns.Size)
                {
                    var value = a.X[sample, a.Windows.Image.ElementOf(channel, h, w)];
                    if (chosen < 0 || value > best || (float.IsNaN(value) && !float.IsNaN(best)))
                    {
                        best = value;
                        chosen = (r * columns.Taps) + s;
                    }
                }
            }
        }

        var y = a.Y;
        y[sample, output] = a.Steps.Apply(best, sample, output);
        a.Chosen.Store(sample, output, chosen);
    }

    private static void GatherChosen(MaxPoolBackward a)
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
            var r = rows.TapAt(p, h);
            for (var q = firstColumn; q < endColumn; q++)
            {
                var s = columns.TapAt(q, w);
                var output = a.Windows.Outputs.ElementOf(channel, p, q);
                if (r >= 0 && s >= 0 && a.Chosen.Load(sample, output) == (r * columns.Taps) + s)
                {
                    sum = Exact.Add(sum, a.Dy[sample, output]);
                }
            }
        }

        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(sum, sample, element);
    }

    private static void AverageOfWindow(AvgPoolForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, output) = a.Cells.This;
        var (channel, row, column) = a.Windows.Outputs.At(output);
        var (rows, columns, sum) = (a.Windows.Rows, a.Windows.Columns, 0f);
        var (top, left) = (rows.Start(row), columns.Start(column));
        var (bottom, right) = (IntrinsicMath.Min(top + rows.Taps, rows.Size), IntrinsicMath.Min(left + columns.Taps, columns.Size));
        for (var h = IntrinsicMath.Max(top, 0); h < bottom; h++)
        {
            for (var w = IntrinsicMath.Max(left, 0); w < right; w++)
            {
                sum = Exact.Add(sum, a.X[sample, a.Windows.Image.ElementOf(channel, h, w)]);
            }
        }

        var y = a.Y;
        var average = Exact.Divide(sum, rows.Pixels(row) * columns.Pixels(column));
        y[sample, output] = a.Steps.Apply(average, sample, output);
    }

    private static void GatherShares(AvgPoolBackward a)
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
                sum = Exact.Add(sum, Exact.Divide(dy, rows.Pixels(p) * columns.Pixels(q)));
            }
        }

        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(sum, sample, element);
    }
}
