using System.Runtime.CompilerServices;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>Runs of tiles of one row that <see cref="WinogradLoops{TSimd,TVector}"/> brings to the points or back, 16 channels side by side.</summary>
/// <param name="Points">Point 0 of the first tile.</param>
/// <param name="PointStride">Elements from a point to the next.</param>
/// <param name="TileStride">Elements from a tile to the next.</param>
internal readonly unsafe record struct TileRun(nint Points, nint PointStride, nint TileStride, int Tiles)
{
    public float* First => (float*)Points;
}

/// <summary>
/// The loops over vectors and tiles in which the transforms of one kind of tile (<see cref="IWinogradTransforms"/>) run. Lines are transformed along columns first,
/// then along rows; what lies between is in memory that the caller gives.
/// </summary>
internal abstract unsafe class WinogradLoops<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private static readonly WinogradLoops<TSimd, TVector, TransformsF43<TSimd, TVector>> F43 = new();
    private static readonly WinogradLoops<TSimd, TVector, TransformsF33<TSimd, TVector>> F33 = new();
    private static readonly WinogradLoops<TSimd, TVector, TransformsF25<TSimd, TVector>> F25 = new();

    public static WinogradLoops<TSimd, TVector> Of(WinogradTile tile) => (tile.Outputs, tile.Filter) switch
    {
        (4, 3) => F43,
        (3, 3) => F33,
        (2, 5) => F25,
        _ => throw new ArgumentOutOfRangeException(nameof(tile), tile, "No transforms for this kind of tile."),
    };

    /// <summary>G w G^T of one vector of channels.</summary>
    /// <param name="taps">A tap every 16 elements.</param>
    /// <param name="columns">Memory for points x 16.</param>
    public abstract void Filter(float* taps, float* columns, float* points, nint pointStride);

    /// <summary>B^T over the columns of a band of rows, elements [first, end) of a row.</summary>
    public abstract void InputColumns(float* band, nint rowElements, nint first, nint end, float* columns);

    /// <summary>The rows of B^T x B, for one vector of channels.</summary>
    /// <param name="columns">What <see cref="InputColumns"/> gave, from the first tile on.</param>
    public abstract void InputRows(float* columns, nint rowElements, in TileRun run);

    /// <summary>A over the columns of a band of rows of output gradients.</summary>
    public abstract void GradientColumns(float* band, nint rowElements, nint first, nint end, float* columns);

    /// <summary>The rows of A dy A^T, for one vector of channels.</summary>
    public abstract void GradientRows(float* columns, nint rowElements, in TileRun run);

    /// <summary>A^T m A of one tile, for one vector of channels: pixels 16 elements apart, rows of them <paramref name="rowElements"/>.</summary>
    /// <param name="columns">Memory for points x 16.</param>
    public abstract void Output(float* products, nint pointStride, float* columns, float* pixels, nint rowElements);

    /// <summary>sums[tap][element] = G^T products[point][element] G.</summary>
    /// <param name="columns">Memory for points x 16.</param>
    public abstract void FilterGradients(float* products, nint elements, float* columns, float* sums);
}

/// <inheritdoc/>
internal sealed unsafe class WinogradLoops<TSimd, TVector, TTransforms> : WinogradLoops<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
    where TTransforms : struct, IWinogradTransforms
{
    private const int Lane = WinogradTile.Channels;

    private static int Inputs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TTransforms.Outputs + TTransforms.Taps - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Filter(float* taps, float* columns, float* points, nint pointStride)
    {
        nint row = TTransforms.Taps * Lane;
        for (var column = 0; column < TTransforms.Taps; column++)
        {
            TTransforms.Filter(taps + (column * Lane), row, columns + (column * Lane), row);
        }

        for (var line = 0; line < Inputs; line++)
        {
            TTransforms.Filter(columns + (line * row), Lane, points + (line * Inputs * pointStride), pointStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void InputColumns(float* band, nint rowElements, nint first, nint end, float* columns)
    {
        for (var i = first; i < end; i += TSimd.Lanes)
        {
            TTransforms.Input(band + i, rowElements, columns + i, rowElements);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void InputRows(float* columns, nint rowElements, in TileRun run)
    {
        var (pointStride, tileStride, tiles) = (run.PointStride, run.TileStride, run.Tiles);
        for (var line = 0; line < Inputs; line++, columns += rowElements)
        {
            var (source, target) = ((nint)columns, (nint)(run.First + (line * Inputs * pointStride)));
            for (var tile = 0; tile < tiles; tile++)
            {
                TTransforms.Input((float*)source, Lane, (float*)target, pointStride);
                source += TTransforms.Outputs * Lane * sizeof(float);
                target += tileStride * sizeof(float);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void GradientColumns(float* band, nint rowElements, nint first, nint end, float* columns)
    {
        for (var i = first; i < end; i += TSimd.Lanes)
        {
            TTransforms.Gradient(band + i, rowElements, columns + i, rowElements);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void GradientRows(float* columns, nint rowElements, in TileRun run)
    {
        var (pointStride, tileStride, tiles) = (run.PointStride, run.TileStride, run.Tiles);
        for (var line = 0; line < Inputs; line++, columns += rowElements)
        {
            var (source, target) = ((nint)columns, (nint)(run.First + (line * Inputs * pointStride)));
            for (var tile = 0; tile < tiles; tile++)
            {
                TTransforms.Gradient((float*)source, Lane, (float*)target, pointStride);
                source += TTransforms.Outputs * Lane * sizeof(float);
                target += tileStride * sizeof(float);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Output(float* products, nint pointStride, float* columns, float* pixels, nint rowElements)
    {
        for (var column = 0; column < Inputs; column++)
        {
            TTransforms.Output(products + (column * pointStride), Inputs * pointStride, columns + (column * Lane), Inputs * Lane);
        }

        for (var line = 0; line < TTransforms.Outputs; line++)
        {
            TTransforms.Output(columns + (line * Inputs * Lane), Lane, pixels + (line * rowElements), Lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void FilterGradients(float* products, nint elements, float* columns, float* sums)
    {
        for (nint i = 0; i < elements; i += TSimd.Lanes)
        {
            for (var column = 0; column < Inputs; column++)
            {
                TTransforms.FilterGradient(products + (column * elements) + i, Inputs * elements, columns + (column * Lane), Inputs * Lane);
            }

            for (var row = 0; row < TTransforms.Taps; row++)
            {
                TTransforms.FilterGradient(columns + (row * Inputs * Lane), Lane, sums + (row * TTransforms.Taps * elements) + i, elements);
            }
        }
    }
}
