using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Canonical;

/// <summary>
/// Winograd's F(4x4, 3x3) and F(2x2, 5x5) (A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308): a tile of 4 x 4 or 2 x 2
/// outputs from the 6 x 6 inputs around it with 36 multiplications per pair of channels instead of 144 or 100: y = A^T [(G w G^T) (B^T x B)] A.
/// </summary>
/// <remarks>
/// The last tiles of a row or column reach beyond the image, over zeros. Tiles of the local batch are numbered sample by sample, row by row.
/// </remarks>
/// <param name="Outputs">Of a tile along each side.</param>
/// <param name="Rows">Tiles of a sample from top to bottom.</param>
internal readonly record struct WinogradTile(int Outputs, int Rows, int Columns)
{
    /// <summary>Inputs of a tile along each side: outputs + filter - 1.</summary>
    public const int Inputs = 6;

    /// <summary>Products per pair of channels.</summary>
    public const int Points = Inputs * Inputs;

    /// <summary>Channels that are transformed together, side by side in memory; a multiple of every instruction set's lanes.</summary>
    public const int Channels = 16;

    public int PerSample => Rows * Columns;

    /// <summary>Rows and columns of the filter.</summary>
    public int Filter => Inputs + 1 - Outputs;

    public int Taps => Filter * Filter;

    /// <summary>Weight gradients: tiles of a piece, 1,024 pixels, of whole samples of a shard or of rows of tiles of one sample.</summary>
    public int PieceTiles => ReductionPlan.PiecePixels / (Outputs * Outputs);

    /// <param name="filter">3 or 5.</param>
    public static WinogradTile Over(int filter, int rows, int columns)
    {
        var outputs = Inputs + 1 - filter;
        return new(outputs, (rows + outputs - 1) / outputs, (columns + outputs - 1) / outputs);
    }

    /// <summary>
    /// Whether the passes over a group of a convolution go this way: 3 x 3 or 5 x 5 without stride or dilation, padding below the filter's size, from 16
    /// to 16 channels on, outputs and inputs of at least 5 x 5 (smaller ones leave much of a tile unused).
    /// </summary>
    public static bool Suits(in Conv2dGeometry g) =>
        g.R == g.S && (g.R == 3 || g.R == 5) && g.StrideH == 1 && g.StrideW == 1 && g.DilationH == 1 && g.DilationW == 1
        && g.ExtraH == 0 && g.ExtraW == 0 && g.PadH < g.R && g.PadW < g.S
        && Math.Min(g.C, g.K) >= 16 && Math.Min(Math.Min(g.P, g.Q), Math.Min(g.H, g.W)) >= 5;

    public static int Padded(int channels) => (channels + Channels - 1) / Channels * Channels;
}
