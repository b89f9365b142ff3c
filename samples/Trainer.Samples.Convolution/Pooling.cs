using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class Pooling
{
    public static void Run(Functions f)
    {
        var x = NdArray.Range(1, 3, 3);
        Console.WriteLine("max and average of 2 x 2");
        Console.WriteLine(f.MaxPool2d(x, 2, stride: 1).Reshape(2, 2));
        Console.WriteLine(f.AvgPool2d(x, 2, stride: 1).Reshape(2, 2));

        var larger = NdArray.Range(1, 4, 4);
        Console.WriteLine("max of 3 x 3; with stride 2 and padding 1; of 2 x 3");
        Console.WriteLine(f.MaxPool2d(larger, 3).Reshape(1, 1));
        Console.WriteLine(f.MaxPool2d(larger, 3, stride: 2, padding: 1).Reshape(2, 2));
        Console.WriteLine(f.MaxPool2d(larger, (2, 3), stride: (2, 3), padding: (0, 1)).Reshape(2, 2));

        var plane = larger.Reshape(4, 4);
        Console.WriteLine("two channels");
        Console.WriteLine(f.MaxPool2d(NdArray.Stack(plane, plane.Map(value => value + 1)), 3, stride: 2, padding: 1));
    }
}
