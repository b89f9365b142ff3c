using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;

namespace Trainer.Kernels.Gpu.Elementwise;

/// <param name="P">Rows of y.</param>
/// <param name="Q">Columns of y.</param>
internal readonly record struct ZeroPad2dForward(SampleCells Cells, FastDivisor P, FastDivisor Q, int H, int W, int Top, int Left, SampleRows X, SampleRows Y);

/// <param name="H">Rows of dx.</param>
/// <param name="W">Columns of dx.</param>
internal readonly record struct ZeroPad2dBackward(
    SampleCells Cells, FastDivisor H, FastDivisor W, int P, int Q, int Top, int Left, SampleRows Dy, GradientSteps Steps, SampleRows Dx);

/// <summary>Images with zeros around them, and back. A thread makes one element.</summary>
internal static class ZeroPad2dKernels
{
    public static readonly Kernel<ZeroPad2dForward> Forward = Kernel.Of<ZeroPad2dForward>(ForwardElement);

    public static readonly Kernel<ZeroPad2dBackward> Backward = Kernel.Of<ZeroPad2dBackward>(BackwardElement);

    private static void ForwardElement(ZeroPad2dForward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var line = a.Q.Quotient(element);
        var channel = a.P.Quotient(line);
        var row = line - (channel * a.P.Divisor) - a.Top;
        var column = element - (line * a.Q.Divisor) - a.Left;
        var y = a.Y;
        y[sample, element] = row >= 0 && row < a.H && column >= 0 && column < a.W ? a.X[sample, (((channel * a.H) + row) * a.W) + column] : 0f;
    }

    private static void BackwardElement(ZeroPad2dBackward a)
    {
        if (!a.Cells.HasThis)
        {
            return;
        }

        var (sample, element) = a.Cells.This;
        var line = a.W.Quotient(element);
        var channel = a.H.Quotient(line);
        var row = line - (channel * a.H.Divisor) + a.Top;
        var column = element - (line * a.W.Divisor) + a.Left;
        var dx = a.Dx;
        dx[sample, element] = a.Steps.Apply(a.Dy[sample, (((channel * a.P) + row) * a.Q) + column], sample, element);
    }
}
