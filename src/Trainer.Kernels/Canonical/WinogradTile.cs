using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Canonical;

/// <summary>
/// Winograd's F(m x m, r x r) (A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308): a tile of m x m outputs from the n x n
/// inputs around it, n = m + r - 1, with n^2 multiplications per pair of channels instead of m^2 r^2: y = A^T [(G w G^T) (B^T x B)] A.
/// </summary>
/// <remarks>
/// Filters of 3 x 3 have F(4x4, 3x3) and F(3x3, 3x3), those of 5 x 5 have F(2x2, 5x5). The last tiles of a row or column reach beyond the image, over
/// zeros. Tiles of the local batch are numbered sample by sample, row by row.
/// </remarks>
/// <param name="Filter">Rows and columns of a filter, r.</param>
/// <param name="Outputs">Of a tile along each side, m.</param>
/// <param name="Rows">Tiles of a sample from top to bottom.</param>
internal readonly record struct WinogradTile(int Filter, int Outputs, int Rows, int Columns)
{
    /// <summary>Channels that are transformed together, side by side in memory; a multiple of every instruction set's lanes.</summary>
    public const int Channels = 16;

    /// <summary>Weight gradients: the most tiles of a piece, which are whole samples of a shard or rows of tiles of one sample: one chain of Form C.</summary>
    public const int PieceTiles = 512;

    /// <summary>Pixels along the sides of an image from which on forward and backward-data passes go this way.</summary>
    private const int LeastPixels = 3;

    /// <summary>The same for weight gradients: those of smaller images sum few tiles, and going back from the points to the taps costs as much as it saves.</summary>
    private const int LeastGradientPixels = 5;

    /// <summary>Inputs of a tile along each side, n.</summary>
    public int Inputs => Outputs + Filter - 1;

    /// <summary>Products per pair of channels.</summary>
    public int Points => Inputs * Inputs;

    public int PerSample => Rows * Columns;

    public int Taps => Filter * Filter;

    /// <summary>The kind of tile that needs the fewest products; of equals, the larger.</summary>
    /// <param name="filter">3 or 5.</param>
    /// <param name="rows">Of the outputs of a sample.</param>
    public static WinogradTile Over(int filter, int rows, int columns)
    {
        var large = Of(filter, 7 - filter, rows, columns);
        if (filter != 3)
        {
            return large;
        }

        var small = Of(filter, 3, rows, columns);
        return (long)small.PerSample * small.Points < (long)large.PerSample * large.Points ? small : large;
    }

    /// <summary>
    /// Whether forward and backward-data passes over a group of a convolution go this way: 3 x 3 or 5 x 5 without stride or dilation, padding below the
    /// filter's size, from 16 to 16 channels on, outputs and inputs of at least 3 x 3.
    /// </summary>
    public static bool Suits(in Conv2dGeometry g) => Suits(g, LeastPixels);

    /// <summary>The same for weight gradients, whose images have at least 5 x 5 pixels.</summary>
    public static bool SuitsGradient(in Conv2dGeometry g) => Suits(g, LeastGradientPixels);

    public static int Padded(int channels) => (channels + Channels - 1) / Channels * Channels;

    private static bool Suits(in Conv2dGeometry g, int pixels) =>
        g.R == g.S && (g.R == 3 || g.R == 5) && g.StrideH == 1 && g.StrideW == 1 && g.DilationH == 1 && g.DilationW == 1
        && g.ExtraH == 0 && g.ExtraW == 0 && g.PadH < g.R && g.PadW < g.S
        && Math.Min(g.C, g.K) >= 16 && Math.Min(Math.Min(g.P, g.Q), Math.Min(g.H, g.W)) >= pixels;

    private static WinogradTile Of(int filter, int outputs, int rows, int columns) =>
        new(filter, outputs, (rows + outputs - 1) / outputs, (columns + outputs - 1) / outputs);
}
