
namespace Trainer.Kernels.Tests.Reference;

/// <summary>Compares gradients with central differences of an objective, (f(v + h) - f(v - h)) / 2h.</summary>
public static class GradientChecker
{
    /// <summary>Of a network in float32: the quotient is good to about 1e-5 of the objective's size, plus h^2 / 6 times the third derivative.</summary>
    private const float NetworkStep = 1e-2f;

    /// <summary>Of a layer in double precision: good to about 1e-9. A kink (relu, max) would have to lie within h.</summary>
    private const double LayerStep = 1e-6;

    /// <summary>
    /// y of a layer against its naive version in double precision; dx and the parameters' gradients against central differences of the naive
    /// version's sum of dy y.
    /// </summary>
    /// <param name="name">For the message.</param>
    /// <param name="run">The layer on a device, with a slice that holds the whole batch.</param>
    public static void Check(string name, LayerRun run)
    {
        run.Forward();
        run.Backward();
        var (x, dy) = (Doubles(run["x"]), Doubles(run["dy"]));
        var parameters = run.ParameterNames.ToDictionary(parameter => parameter, parameter => Doubles(run[parameter]));
        var naive = new NaiveLayer(run.Layer, run.Input, parameters);
        double Objective() => Dot(naive.Forward(x, run.Slice, LayerRun.Seed, LayerRun.Step), dy);
        var (forward, backward, sums) = run.Terms;

        Near.Check($"{name}: y", naive.Forward(x, run.Slice, LayerRun.Seed, LayerRun.Step), run["y"], forward);
        Near.Check($"{name}: dx", naive.MixesSamples ? Differences(x, Objective) : SampleBySample(naive, run, x, dy), run["dx"], backward);
        foreach (var (parameter, values) in parameters)
        {
            Near.Check($"{name}: d{parameter}", Differences(values, Objective), [.. run.SumOverRoots(parameter).Select(sum => (float)sum)], sums);
        }
    }

    /// <summary>A network's gradient against central differences of its own float32 loss.</summary>
    /// <param name="blob">What is checked, for the message.</param>
    /// <param name="edit">Gives the memory that the objective reads, to be changed.</param>
    /// <param name="gradient">The gradient under test, element by element.</param>
    /// <param name="objective">The sum of the samples' losses.</param>
    public static void Check(string blob, Func<Span<float>> edit, ReadOnlySpan<float> gradient, Func<double> objective)
    {
        Assert.Equal(edit().Length, gradient.Length);
        for (var i = 0; i < gradient.Length; i++)
        {
            var kept = edit()[i];
            var (above, below) = (kept + NetworkStep, kept - NetworkStep);
            edit()[i] = above;
            var right = objective();
            edit()[i] = below;
            var expected = (right - objective()) / ((double)above - below);
            edit()[i] = kept;
            Assert.True(
                Math.Abs(gradient[i] - expected) <= 2e-3 * Math.Max(1, Math.Abs(expected)),
                $"{blob}[{i}]: gradient {gradient[i]}, central difference {expected}");
        }
    }

    /// <summary>What a sample gives depends on its own x only, so only that is computed.</summary>
    private static double[] SampleBySample(NaiveLayer naive, LayerRun run, double[] x, double[] dy)
    {
        var (inputs, outputs) = ((int)run.Input.Elements, (int)run.Output.Elements);
        return
        [
            .. Enumerable.Range(0, run.Samples).SelectMany(n =>
            {
                var (own, weights) = (x[(n * inputs)..((n + 1) * inputs)], dy[(n * outputs)..((n + 1) * outputs)]);
                return Differences(own, () => Dot(naive.Sample(own, n, LayerRun.Seed, LayerRun.Step), weights));
            }),
        ];
    }

    private static double[] Differences(double[] values, Func<double> objective)
    {
        var gradient = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var kept = values[i];
            values[i] = kept + LayerStep;
            var right = objective();
            values[i] = kept - LayerStep;
            gradient[i] = (right - objective()) / (2 * LayerStep);
            values[i] = kept;
        }

        return gradient;
    }

    private static double[] Doubles(ReadOnlySpan<float> values)
    {
        var doubles = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            doubles[i] = values[i];
        }

        return doubles;
    }

    private static double Dot(double[] left, double[] right)
    {
        var sum = 0.0;
        for (var i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
