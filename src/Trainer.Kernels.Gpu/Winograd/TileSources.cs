namespace Trainer.Kernels.Gpu.Winograd;

/// <summary>What is transformed tile by tile: images, or gradients of outputs.</summary>
internal interface ITileSource
{
    /// <summary>Rows and columns of pixels that a tile reads.</summary>
    static abstract int Extent { get; }

    /// <summary>Pixels from one tile to the next.</summary>
    static abstract int Step { get; }

    static abstract Tile6x6 Transform(Tile6x6 pixels);
}

/// <summary>B^T d B of overlapping tiles.</summary>
internal readonly struct ImageTiles<TWinograd> : ITileSource
    where TWinograd : struct, IWinograd
{
    public static int Extent => TWinograd.Outputs + TWinograd.FilterSize - 1;

    public static int Step => TWinograd.Outputs;

    public static Tile6x6 Transform(Tile6x6 pixels) => TWinograd.Input(pixels);
}

/// <summary>A dy A^T of the tiles of the outputs.</summary>
internal readonly struct GradientTiles<TWinograd> : ITileSource
    where TWinograd : struct, IWinograd
{
    public static int Extent => TWinograd.Outputs;

    public static int Step => TWinograd.Outputs;

    public static Tile6x6 Transform(Tile6x6 pixels) => TWinograd.Gradient(pixels);
}
