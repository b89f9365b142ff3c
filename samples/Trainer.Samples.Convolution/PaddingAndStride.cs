using Trainer.Kernels;
using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class PaddingAndStride
{
    public static void Run(Functions f)
    {
        var (x, kernel) = (NdArray.Range(1, 3, 3), NdArray.Range(1, 1, 2, 2));
        Console.WriteLine("padding 1");
        Console.WriteLine(f.Conv2d(x, kernel, padding: 1).Reshape(4, 4));
        Console.WriteLine("padding 1, stride 3 down and 2 to the right");
        Console.WriteLine(f.Conv2d(x, kernel, padding: 1, stride: (3, 2)).Reshape(2, 2));
        Console.WriteLine("dilation 2");
        Console.WriteLine(f.Conv2d(x, kernel, dilation: 2).Reshape(1, 1));

        Shapes(f);
    }

    private static void Shapes(Functions f)
    {
        var picture = NdArray.Range(1, 8, 8);
        Shape Of(int rows, int columns, Size2 padding, Size2 stride) =>
            f.Conv2d(picture, NdArray.Range(1, 1, rows, columns), padding: padding, stride: stride).Shape;

        Console.WriteLine("shapes from 8 x 8");
        Console.WriteLine(Of(3, 3, padding: 1, stride: 1));
        Console.WriteLine(Of(5, 3, padding: (2, 1), stride: 1));
        Console.WriteLine(Of(3, 3, padding: 1, stride: 2));
        Console.WriteLine(Of(3, 5, padding: (0, 1), stride: (3, 4)));
    }
}
