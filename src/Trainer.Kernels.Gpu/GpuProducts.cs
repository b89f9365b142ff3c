using ILGPU;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Products;
using Trainer.Kernels.Gpu.Reduction;
using Trainer.Kernels.Gpu.Tiles;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu;

/// <summary>Linear layers, and what all products share.</summary>
internal sealed partial class GpuProducts(GpuQueue queue, TapTables tapTables, ComputePrecision precision) : GpuFamily(queue), IProducts
{
    /// <summary>Makes some rows of a gradient over some pieces: in <paramref name="slots"/>, (pieces, rows, columns).</summary>
    /// <param name="work">As much scratch memory as was asked for.</param>
    private delegate void PieceSums(PieceRows part, ArrayView<float> slots, ArrayView<float> work);

    /// <summary>Rows [Row, Row + Rows) of the gradients of a root's pieces.</summary>
    private readonly record struct PieceRows(RootPieces Pieces, int Row, int Rows);

    public void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(LinearForward);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        var values = Extent.Of(samples, outputs);
        var input = GpuOperand.Samples(Operation, "x", x, Extent.Of(samples, inputs));
        Multiply(
            ProductKernels.LinearForward,
            samples,
            outputs,
            1,
            TileRange.All(inputs),
            new RowsAlongK(input.Elements, input.Stride, samples),
            new RowsAlongK(GpuOperand.View(Operation, "w", w, Extent.Of(outputs, inputs)), inputs, outputs),
            new LinearOutputs(
                GpuOperand.Samples(Operation, "y", y, values),
                GpuOperand.ViewOrNone(Operation, "b", b, Extent.Of(outputs)),
                GpuOperand.Steps(Operation, epilogue, values),
                samples,
                outputs));
    }

    public void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(LinearBackwardData);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        var values = Extent.Of(samples, inputs);
        var gradient = GpuOperand.Samples(Operation, "dy", dy, Extent.Of(samples, outputs));
        Multiply(
            ProductKernels.LinearBackwardData,
            samples,
            inputs,
            1,
            TileRange.All(outputs),
            new RowsAlongK(gradient.Elements, gradient.Stride, samples),
            new RowsAlongIndex(GpuOperand.View(Operation, "w", w, Extent.Of(outputs, inputs)), inputs, inputs),
            new LinearGradients(GpuOperand.Samples(Operation, "dx", dx, values), GpuOperand.Steps(Operation, epilogue, values), samples, inputs));
    }

    public void LinearBackwardWeights(int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(LinearBackwardWeights);
        GeometryChecks.Check(Operation, inputs, outputs, slice.LocalSamples);
        var values = GpuOperand.Samples(Operation, "x", x, Extent.Of(slice.LocalSamples, inputs));
        var gradient = GpuOperand.Samples(Operation, "dy", dy, Extent.Of(slice.LocalSamples, outputs));
        var reduction = Reductions.Of(slice, 1, 1);
        if (!dw.IsEmpty)
        {
            GeometryChecks.CheckRoots(Operation, "dw", dw.Length, slice);
            ReduceWeights(reduction, outputs, outputs, outputs, inputs, Operation, dw, Extent.Of(outputs, inputs), _ => 0, (part, slots, _) => Multiply(
                ProductKernels.LinearBackwardWeights,
                part.Rows,
                inputs,
                part.Pieces.Count,
                reduction.Range(part.Pieces),
                new RowsAlongIndex(gradient.Elements.SubView(part.Row), gradient.Stride, part.Rows),
                new RowsAlongIndex(values.Elements, values.Stride, inputs),
                new MatrixSink(slots, part.Rows, inputs, (long)part.Rows * inputs)));
        }

        if (!db.IsEmpty)
        {
            GeometryChecks.CheckRoots(Operation, "db", db.Length, slice);
            SumBias(BiasGradientKernels.Linear, 1, reduction, Operation, gradient, new PixelGrid(slice.LocalSamples, 1, 1), outputs, db);
        }
    }

    /// <summary>Launches a batch of products of (rows, Range) and (Range, columns).</summary>
    private void Multiply<TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>(
        ProductKernel<TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink> kernels,
        int rows,
        int columns,
        int products,
        TileRange range,
        TLeft left,
        TRight right,
        TSink sink)
        where TLeft : struct, ITileOperand<TLeft, TLeftIndex, TLeftStep>
        where TLeftIndex : struct
        where TLeftStep : struct
        where TRight : struct, ITileOperand<TRight, TRightIndex, TRightStep>
        where TRightIndex : struct
        where TRightStep : struct
        where TSink : struct, ITileSink<TSink>
    {
        var (kernel, tileRows, tileColumns) = kernels.For(rows, columns, precision);
        var (rowTiles, columnTiles) = ((rows + tileRows - 1) / tileRows, (columns + tileColumns - 1) / tileColumns);
        Launch(
            kernel,
            (long)rowTiles * columnTiles * products,
            ThreadGroup.Size,
            new TileArguments<TLeft, TRight, TSink>(rowTiles, columnTiles, range, left, right, sink));
    }

    /// <summary>
    /// A gradient (rows, columns) for each root: the sums of its pieces, folded along their trees. A root of one piece is made in place; else as many rows at a
    /// time as their sums fit the scratch memory: whole units, or some of one.
    /// </summary>
    /// <param name="most">Rows at a time, at most.</param>
    /// <param name="work">Scratch memory that so many rows need beside their sums.</param>
    private void ReduceWeights(
        GpuReduction reduction,
        int rows,
        int unit,
        int most,
        long columns,
        string operation,
        ReadOnlySpan<Tensor> targets,
        Extent extent,
        Func<PieceRows, long> work,
        PieceSums sums)
    {
        foreach (var root in reduction.Roots)
        {
            var target = GpuOperand.View(operation, "dw", targets[root.Root], extent);
            var run = root.Count == 1 ? most : (int)Math.Clamp(GpuScratch.Limit / (root.Count * columns), 1, most);
            run -= run < unit ? 0 : run % unit;
            for (int row = 0, count; row < rows; row += count)
            {
                count = Math.Min(run, run < unit ? unit - (row % unit) : rows - row);
                var part = new PieceRows(root, row, count);
                var (sum, elements) = (target.SubView(row * columns, count * columns), root.Count == 1 ? 0 : RoundUp(root.Count * count * columns));
                var needed = work(part);
                var scratch = Scratch.Take(elements + needed);
                var slots = root.Count == 1 ? sum : scratch;
                sums(part, slots, needed == 0 ? default : scratch.SubView(elements, needed));
                if (root.Count > 1)
                {
                    Fold(reduction, root, root.First, slots, count * columns, sum);
                }
            }
        }
    }

    private void SumBias(
        Kernel<BiasGradient> kernel, int lanes, GpuReduction reduction, string operation, SampleRows dy, PixelGrid pixels, int channels, ReadOnlySpan<Tensor> db)
    {
        var slots = Scratch.Take((long)reduction.Count * channels);
        var arguments = new BiasGradient(dy, pixels, channels, reduction.Count, reduction.Pieces, slots);
        LaunchThreads(kernel, (long)reduction.Count * channels * lanes, arguments);
        Fold(reduction, slots, operation, "db", db, Extent.Of(channels));
    }
}
