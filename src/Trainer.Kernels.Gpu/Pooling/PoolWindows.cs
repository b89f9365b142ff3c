using ILGPU;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Arithmetic;

namespace Trainer.Kernels.Gpu.Pooling;

/// <summary>A pixel of a channel.</summary>
internal readonly record struct PlanePixel(int Channel, int Row, int Column);

/// <summary>Numbers the pixels of a sample: channel by channel, row by row.</summary>
internal readonly struct Planes(int rows, int columns)
{
    private readonly FastDivisor _pixels = new(checked(rows * columns));
    private readonly FastDivisor _columns = new(columns);

    public PlanePixel At(int element)
    {
        var channel = _pixels.Quotient(element);
        element -= channel * _pixels.Divisor;
        var row = _columns.Quotient(element);
        return new PlanePixel(channel, row, element - (row * _columns.Divisor));
    }

    public int ElementOf(int channel, int row, int column) => (channel * _pixels.Divisor) + (row * _columns.Divisor) + column;
}

/// <summary>Windows along one dimension of an image: window i covers pixels i Stride - Pad + t Dilation, t from 0 to Taps - 1.</summary>
/// <param name="countedPad">Pixels on each side of the image that count for an average.</param>
internal readonly struct PoolDimension(int size, int windows, int taps, int stride, int pad, int dilation, int countedPad)
{
    private readonly FastDivisor _stride = new(stride);

    public int Size { get; } = size;

    public int Taps { get; } = taps;

    public int Dilation { get; } = dilation;

    /// <summary>The first pixel of a window; may lie outside.</summary>
    public int Start(int window) => (window * _stride.Divisor) - pad;

    /// <summary>The first window that reaches a pixel.</summary>
    public int FirstWindow(int pixel)
    {
        var reach = pixel + pad - ((Taps - 1) * Dilation);
        return reach <= 0 ? 0 : _stride.Quotient(reach + _stride.Divisor - 1);
    }

    /// <summary>The window behind the last that begins before a pixel or at it.</summary>
    public int EndWindow(int pixel) => IntrinsicMath.Min(windows, _stride.Quotient(pixel + pad) + 1);

    /// <summary>The tap of a window, one that reaches a pixel, which meets it; -1: none does.</summary>
    public int TapAt(int window, int pixel)
    {
        var distance = pixel - Start(window);
        var tap = Dilation == 1 ? distance : distance / Dilation;
        return tap * Dilation == distance ? tap : -1;
    }

    /// <summary>Pixels that an average divides by.</summary>
    public int Pixels(int window)
    {
        var first = Start(window);
        return IntrinsicMath.Min(first + Taps, Size + countedPad) - IntrinsicMath.Max(first, -countedPad);
    }
}

/// <summary>A <see cref="Pool2dGeometry"/> in a kernel.</summary>
/// <param name="countsPad">Averages count the padding.</param>
internal readonly struct PoolWindows(in Pool2dGeometry g, bool countsPad)
{
    public Planes Image { get; } = new(g.H, g.W);

    public Planes Outputs { get; } = new(g.P, g.Q);

    public PoolDimension Rows { get; } = new(g.H, g.P, g.R, g.StrideH, g.PadH, g.DilationH, countsPad ? g.PadH : 0);

    public PoolDimension Columns { get; } = new(g.W, g.Q, g.S, g.StrideW, g.PadW, g.DilationW, countsPad ? g.PadW : 0);
}

/// <summary>Windows of adaptive pooling along one dimension: window i covers pixels [floor(i Size / Windows), ceil((i + 1) Size / Windows)).</summary>
internal readonly struct AdaptiveDimension
{
    private readonly FastDivisor _size;
    private readonly FastDivisor _windows;

    /// <exception cref="OverflowException">Size x windows is 2^31 or more.</exception>
    public AdaptiveDimension(int size, int windows)
    {
        (_size, _windows) = (new FastDivisor(size), new FastDivisor(windows));
        _ = checked(((size + 1) * windows) + ((windows + 1) * size));
    }

    public int Size => _size.Divisor;

    public int First(int window) => _windows.Quotient(window * Size);

    /// <summary>The pixel behind a window's last.</summary>
    public int End(int window) => _windows.Quotient(((window + 1) * Size) + _windows.Divisor - 1);

    /// <summary>The first window that holds a pixel: the same rule with pixels and windows exchanged.</summary>
    public int FirstWindow(int pixel) => _size.Quotient(pixel * _windows.Divisor);

    /// <summary>The window behind the last that holds a pixel.</summary>
    public int EndWindow(int pixel) => _size.Quotient(((pixel + 1) * _windows.Divisor) + Size - 1);
}

/// <summary>An <see cref="AdaptivePool2dGeometry"/> in a kernel.</summary>
internal readonly struct AdaptiveWindows(in AdaptivePool2dGeometry g)
{
    public Planes Image { get; } = new(g.H, g.W);

    public Planes Outputs { get; } = new(g.P, g.Q);

    public AdaptiveDimension Rows { get; } = new(g.H, g.P);

    public AdaptiveDimension Columns { get; } = new(g.W, g.Q);

    /// <summary>Pixels of a window.</summary>
    public int PixelsOf(int row, int column) => (Rows.End(row) - Rows.First(row)) * (Columns.End(column) - Columns.First(column));
}
