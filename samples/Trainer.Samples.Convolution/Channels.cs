using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class Channels
{
    public static void Run(Functions f)
    {
        NdArray plane = NdArray.Range(3, 3), kernel = NdArray.Range(2, 2);
        var x = NdArray.Stack(plane, plane.Map(value => value + 1));
        var weight = NdArray.Stack(kernel, kernel.Map(value => value + 1));
        Console.WriteLine("two channels in, one out");
        Console.WriteLine(f.Conv2d(x, weight.Reshape(1, 2, 2, 2)).Reshape(2, 2));

        var weights = NdArray.Stack(weight, weight.Map(value => value + 1), weight.Map(value => value + 2));
        Console.WriteLine("two channels in, three out");
        Console.WriteLine(f.Conv2d(x, weights));

        OneByOne(f);
    }

    private static void OneByOne(Functions f)
    {
        var (x, weight) = (NdArray.Range(3, 2, 2), NdArray.Range(2, 3));
        Console.WriteLine("1 x 1");
        Console.WriteLine(f.Conv2d(x, weight.Reshape(2, 3, 1, 1)));
        Console.WriteLine("the upper left pixel, by a matrix");
        var pixel = new[] { x[0, 0, 0], x[1, 0, 0], x[2, 0, 0] };
        for (var k = 0; k < 2; k++)
        {
            Console.WriteLine(pixel.Select((value, c) => value * weight[k, c]).Sum());
        }
    }
}
