using ILGPU;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>The terms of a sum of products.</summary>
internal interface IProductTerms
{
    float Left(int k);

    /// <summary>1 for a plain sum: a product with it changes no bit.</summary>
    float Right(int k);
}

/// <summary>Sums of products in Form C: the chain is one thread's, whoever makes its terms.</summary>
internal static class ProductSum<TTerms>
    where TTerms : struct, IProductTerms
{
    private const int TileTerms = 512;

    public static float ByThread(TTerms terms, int count)
    {
        var sum = new FormC();
        for (var k = 0; k < count; k++)
        {
            sum = sum.MultiplyAdd(terms.Left(k), terms.Right(k));
        }

        return sum.Value;
    }

    /// <summary>The threads of a group make the terms side by side, in shared memory; one adds them, and all receive the sum. To be called by all.</summary>
    public static float ByGroup(TTerms terms, int count)
    {
        var lefts = SharedMemory.Allocate<float>(TileTerms);
        var rights = SharedMemory.Allocate<float>(TileTerms);
        var thread = Group.IdxX;
        var sum = new FormC();
        for (var first = 0; first < count; first += TileTerms)
        {
            var tile = IntrinsicMath.Min(TileTerms, count - first);
            Exact.Barrier(); // the terms before these have been added
            for (var i = thread; i < tile; i += Group.DimX)
            {
                lefts[i] = terms.Left(first + i);
                rights[i] = terms.Right(first + i);
            }

            Exact.Barrier();
            if (thread == 0)
            {
                for (var i = 0; i < tile; i++)
                {
                    sum = sum.MultiplyAdd(lefts[i], rights[i]);
                }
            }
        }

        if (thread == 0)
        {
            lefts[0] = sum.Value;
        }

        Exact.Barrier();
        return lefts[0];
    }
}
