using Trainer.Kernels;
using Trainer.Kernels.Functional;

namespace Trainer.Samples.Convolution;

internal static class Edges
{
    /// <summary>6 x 8 pixels: white, with a black stripe in columns 2 to 5.</summary>
    public static NdArray Stripe { get; } = new(new Shape(1, 6, 8), [.. Enumerable.Range(0, 48).Select(i => i % 8 is >= 2 and < 6 ? 0f : 1f)]);

    /// <summary>A pixel less its neighbour on the right.</summary>
    public static NdArray Difference { get; } = new(new Shape(1, 1, 1, 2), [1, -1]);

    public static void Run(Functions f)
    {
        var edges = f.Conv2d(Stripe, Difference);
        Console.WriteLine("a stripe");
        Console.WriteLine(Stripe.Reshape(6, 8));
        Console.WriteLine("its edges");
        Console.WriteLine(edges.Reshape(6, 7));

        var lying = new NdArray(new Shape(1, 8, 6), [.. Enumerable.Range(0, 48).Select(i => Stripe[0, i % 6, i / 6])]);
        Console.WriteLine("the stripe lying: edges");
        Console.WriteLine(f.Conv2d(lying, Difference).Reshape(8, 5));
    }
}
