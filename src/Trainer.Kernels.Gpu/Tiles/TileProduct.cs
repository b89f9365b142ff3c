using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>One side of a product: elements (index, k), where the index counts rows of the left side or columns of the right one.</summary>
/// <typeparam name="TSelf">The operand itself.</typeparam>
/// <typeparam name="TIndex">What a thread works out once for an index.</typeparam>
/// <typeparam name="TStep">What it works out for a k.</typeparam>
internal interface ITileOperand<TSelf, TIndex, TStep>
    where TIndex : struct
    where TStep : struct
{
    /// <summary>Whether neighbours in memory are neighbours along k; else along the index. Neighbouring threads read neighbours in memory.</summary>
    static abstract bool AlongK { get; }

    /// <summary>The operand of one product of a batch.</summary>
    TSelf Of(int product);

    TIndex At(int index);

    TStep Step(int k);

    /// <summary>+0 beyond the last index.</summary>
    float Load(TIndex index, TStep step);
}

/// <summary>The range of k of each product of a batch.</summary>
/// <param name="Table">Empty: [0, Length) for all. Else integers (Stride for each product): where it begins and its length, at First and First + 1.</param>
/// <param name="Repeats">Products that share one entry of the table, one after another.</param>
internal readonly record struct TileRange(int Length, ArrayView<int> Table, int Stride, int First, int Repeats)
{
    public static TileRange All(int length) => new(length, default, 0, 0, 1);

    public int Begin(int product) => Table.Length == 0 ? 0 : Table[(product / Repeats * Stride) + First];

    public int Count(int product) => Table.Length == 0 ? Length : Table[(product / Repeats * Stride) + First + 1];
}

/// <param name="RowTiles">Tiles from top to bottom.</param>
/// <param name="ColumnTiles">Tiles from left to right. Groups: RowTiles x ColumnTiles x products of the batch.</param>
internal readonly record struct TileArguments<TLeft, TRight, TSink>(int RowTiles, int ColumnTiles, TileRange Range, TLeft Left, TRight Right, TSink Sink)
    where TLeft : struct
    where TRight : struct
    where TSink : struct;

/// <summary>
/// Matrix products in Form C of the canonical arithmetic, the one kernel behind convolutions and linear layers: sum over k ascending of left (row, k) x
/// right (k, column), in chains of 512 that are added in order.
/// </summary>
/// <remarks>
/// <para>
/// A group makes a tile. Its operands pass through two buffers in shared memory: while the threads multiply out of one, the next <c>Depth</c> columns and rows are
/// on their way from memory to registers, and from there go to the other; one barrier each time. Volkov and Demmel, "Benchmarking GPUs to tune dense
/// linear algebra", SC 2008; NVIDIA's CUTLASS.
/// </para>
/// <para>Shared memory: 2 x Depth x (Rows + Columns + 2 Padding) floats. What the tiles cost and reach is in docs/gpu.md.</para>
/// </remarks>
internal static class TileProduct<TTile, TSums, TLeft, TLeftIndex, TLeftStep, TRight, TRightIndex, TRightStep, TSink>
    where TTile : struct, ITile<TSums>
    where TSums : struct
    where TLeft : struct, ITileOperand<TLeft, TLeftIndex, TLeftStep>
    where TLeftIndex : struct
    where TLeftStep : struct
    where TRight : struct, ITileOperand<TRight, TRightIndex, TRightStep>
    where TRightIndex : struct
    where TRightStep : struct
    where TSink : struct, ITileSink<TSink>
{
    private const int ChainLength = 512;
    private const int Threads = ThreadGroup.Size;
    private const int PassElements = 4 * Threads;

    public static Kernel<TileArguments<TLeft, TRight, TSink>> Create() =>
        Kernel.Of<TileArguments<TLeft, TRight, TSink>>(Run, KernelPromise.FusedProducts | KernelPromise.SharedVectorLoads);

    private static void Run(TileArguments<TLeft, TRight, TSink> a)
    {
        var thread = Group.IdxX;
        var tiles = a.RowTiles * a.ColumnTiles;
        var product = Grid.IdxX / tiles;
        var tile = Grid.IdxX % tiles;
        var (row, column) = (tile % a.RowTiles * TTile.Rows, tile / a.RowTiles * TTile.Columns);
        var (begin, count) = (a.Range.Begin(product), a.Range.Count(product));
        // Beyond the last k a product is -0, which leaves every sum as it is; +0 would make +0 of one that is -0.
        var left = new TileLoader<TTile, TSums, TLeft, TLeftIndex, TLeftStep>(a.Left.Of(product), row, TTile.Rows, thread, beyond: 0f);
        var right = new TileLoader<TTile, TSums, TRight, TRightIndex, TRightStep>(a.Right.Of(product), column, TTile.Columns, thread, beyond: -0f);

        var (leftStride, rightStride) = (TTile.Rows + TTile.Padding, TTile.Columns + TTile.Padding);
        var rightStart = TTile.Depth * leftStride;
        var bufferLength = rightStart + (TTile.Depth * rightStride);
        var shared = SharedMemory.Allocate<Float4>(2 * TTile.Depth * (TTile.Rows + TTile.Columns + (2 * TTile.Padding)) / 4);
        var words = shared.Cast<float>();

        left.Fetch(0, begin, count);
        right.Fetch(0, begin, count);
        left.Put(words, 0, leftStride);
        right.Put(words, rightStart, rightStride);
        Exact.Barrier();

        // Where the threads read, in units of 16 bytes or of floats.
        var unit = TTile.Step == 1 ? 4 : 1;
        var (leftPlace, leftStep) = (TTile.LeftOf(thread), leftStride / unit);
        var (rightPlace, rightStep) = ((rightStart / unit) + TTile.RightOf(thread), rightStride / unit);
        var (sums, chain) = (TTile.Zero, TTile.Zero);
        var buffer = 0;
        for (var k = 0; k < count; k += TTile.Depth)
        {
            var next = k + TTile.Depth;
            left.Fetch(next, begin, count);
            right.Fetch(next, begin, count);
            var (leftAt, rightAt) = (leftPlace + (buffer / unit), rightPlace + (buffer / unit));
            for (var step = 0; step < TTile.Depth; step += TTile.Step)
            {
                chain = TTile.MultiplyAdd(chain, shared, leftAt + (step * leftStep), leftStep, rightAt + (step * rightStep), rightStep);
            }

            if (next % ChainLength == 0 || next >= count)
            {
                sums = next <= ChainLength ? chain : TTile.Add(sums, chain);
                chain = TTile.Zero;
            }

            buffer = bufferLength - buffer;
            left.Put(words, buffer, leftStride);
            right.Put(words, buffer + rightStart, rightStride);
            Exact.Barrier();
        }

        Emit(sums, a.Sink.Of(product), row, column, shared, thread);
    }

    /// <summary>Neighbouring threads write neighbouring elements, and the sink's code stands in the kernel once.</summary>
    private static void Emit(TSums sums, TSink sink, int row, int column, ArrayView<Float4> shared, int thread)
    {
        var words = shared.Cast<float>();
        for (var pass = 0; pass < TTile.Passes; pass++)
        {
            shared[thread] = TTile.Part(sums, pass);
            Exact.Barrier();
            for (var i = thread; i < PassElements; i += Threads)
            {
                sink.Store(row + TTile.RowOf(pass, i), column + TTile.ColumnOf(pass, i), words[i]);
            }

            Exact.Barrier();
        }
    }
}
