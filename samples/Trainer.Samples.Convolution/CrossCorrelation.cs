using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class CrossCorrelation
{
    public static void Run(Functions f)
    {
        NdArray x = new float[,]
        {
            { 0, 1, 2 },
            { 3, 4, 5 },
            { 6, 7, 8 },
        };
        NdArray kernel = new float[,]
        {
            { 0, 1 },
            { 2, 3 },
        };
        var y = f.Conv2d(x.Reshape(1, 3, 3), kernel.Reshape(1, 1, 2, 2));
        Console.WriteLine($"cross-correlation {y.Shape}");
        Console.WriteLine(y.Reshape(2, 2));
    }
}
