namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// Winograd's F(4x4, 3x3) (A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308): a 4 x 4 tile of outputs from the
/// 6 x 6 inputs around it with 36 multiplications per pair of channels instead of 144: y = A^T [(G w G^T) (B^T x B)] A.
/// </summary>
/// <remarks>
/// The last tiles of a row or column reach beyond the image, over zeros. Tiles of the local batch are numbered sample by sample, row by row.
/// </remarks>
internal readonly record struct WinogradTile(int Rows, int Columns)
{
    /// <summary>Outputs of a tile along each side.</summary>
    public const int Outputs = 4;

    /// <summary>Inputs of a tile along each side: outputs + filter - 1.</summary>
    public const int Inputs = 6;

    /// <summary>Products per pair of channels.</summary>
    public const int Points = Inputs * Inputs;

    /// <summary>Channels that are transformed together, side by side in memory; a multiple of every instruction set's lanes.</summary>
    public const int Channels = 16;

    /// <summary>Weight gradients: tiles of a piece, of whole samples of a shard, or of rows of tiles of one sample.</summary>
    public const int PieceTiles = 128;

    public int PerSample => Rows * Columns;

    public static WinogradTile Over(int rows, int columns) => new((rows + Outputs - 1) / Outputs, (columns + Outputs - 1) / Outputs);

    /// <summary>
    /// Whether the passes over a group of a convolution go this way: 3 x 3 without stride or dilation, at most 2 of padding, from 16 to 16 channels
    /// on, outputs and inputs of at least 5 x 5 (smaller ones leave most of a tile unused).
    /// </summary>
    public static bool Suits(in Conv2dGeometry g) =>
        g.R == 3 && g.S == 3 && g.StrideH == 1 && g.StrideW == 1 && g.DilationH == 1 && g.DilationW == 1 && g.ExtraH == 0 && g.ExtraW == 0
        && g.PadH <= 2 && g.PadW <= 2 && Math.Min(g.C, g.K) >= 16 && Math.Min(Math.Min(g.P, g.Q), Math.Min(g.H, g.W)) >= 5;

    public static int Padded(int channels) => (channels + Channels - 1) / Channels * Channels;
}
