using Trainer.Kernels;
using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class Colour
{
    private static readonly NdArray SobelX = new float[,]
    {
        { -1, 0, 1 },
        { -2, 0, 2 },
        { -1, 0, 1 },
    };

    private static readonly NdArray SobelY = new float[,]
    {
        { -1, -2, -1 },
        { 0, 0, 0 },
        { 1, 2, 1 },
    };

    public static void Run(Functions f)
    {
        var picture = Picture();
        Console.WriteLine("vertical edges of red, green and blue");
        Console.WriteLine(Sobel(f, picture, SobelX));
        Console.WriteLine("horizontal edges");
        Console.WriteLine(Sobel(f, picture, SobelY));
    }

    /// <summary>Each channel by itself: as many groups as there are channels, each with the same kernel.</summary>
    public static NdArray Sobel(Functions f, NdArray picture, NdArray kernel) =>
        f.Conv2d(picture, NdArray.Stack(kernel, kernel, kernel).Reshape(3, 1, 3, 3), groups: 3);

    /// <summary>The length of the slope: sqrt(x^2 + y^2).</summary>
    public static NdArray Magnitude(Functions f, NdArray picture) =>
        Sobel(f, picture, SobelX).Zip(Sobel(f, picture, SobelY), (x, y) => MathF.Sqrt((x * x) + (y * y)));

    /// <summary>5 x 6 pixels: red on the left, blue below.</summary>
    private static NdArray Picture()
    {
        var values = new float[3 * 5 * 6];
        for (var i = 0; i < 30; i++)
        {
            (values[i], values[60 + i]) = (i % 6 < 3 ? 1 : 0, i / 6 < 3 ? 0 : 1);
        }

        return new NdArray(new Shape(3, 5, 6), values);
    }
}
