using Trainer.Kernels;
using Trainer.Kernels.Functional;
using Trainer.Kernels.Layers;

namespace Trainer.Samples.Convolution;

internal static class LearningAKernel
{
    public static void Run(Functions f)
    {
        var (x, y) = (Edges.Stripe, f.Conv2d(Edges.Stripe, Edges.Difference));
        var layer = new Conv2d(1, (1, 2)) { Bias = false };
        var kernel = new NdArray(new Shape(1, 1, 1, 2), new float[2]);
        layer.Parameters(x.Shape)[0].Initial.Fill(kernel.Values, seed: 0, parameter: 0);
        Console.WriteLine("learning the kernel from");
        Console.WriteLine(kernel.Reshape(1, 2));

        for (var epoch = 1; epoch <= 10; epoch++)
        {
            var error = f.Apply(layer, x, kernel).Zip(y, (found, wanted) => found - wanted);
            var gradient = f.Gradients(layer, x, dy: error.Map(e => 2 * e), kernel).Parameters[0];
            kernel = kernel.Zip(gradient, (weight, slope) => weight - (0.03f * slope));
            if (epoch % 2 == 0)
            {
                Console.WriteLine($"epoch {epoch,2}, loss {error.Values.Sum(e => e * e):F3}");
            }
        }

        Console.WriteLine(kernel.Reshape(1, 2));
    }
}
