using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Seeded numbers and samples.</summary>
public static class TestData
{
    /// <summary>Values in [-bound, bound), a function of the seed alone.</summary>
    public static float[] Values(int count, ulong seed, float bound = 1)
    {
        var values = new float[count];
        Philox.FillUniform(values, bound, seed, 0, default);
        return values;
    }

    /// <summary>Synthetic images in which the label's class has its own bright blob, so that there is something to learn.</summary>
    public static (float[] Pixels, int[] Labels) Samples(int count, Shape shape, int classes, ulong seed)
    {
        var stride = (int)shape.Elements;
        var pixels = Values(count * stride, seed, 0.5f);
        var labels = new int[count];
        for (var n = 0; n < count; n++)
        {
            labels[n] = (int)(Philox.Block(seed, (uint)n, 1, 0, 0).Word0 % (uint)classes);
            for (var i = labels[n] * stride / classes; i < (labels[n] + 1) * stride / classes; i++)
            {
                pixels[(n * stride) + i] += 0.5f;
            }
        }

        return (pixels, labels);
    }

    /// <summary>Gives a network the local samples of a slice of a batch.</summary>
    public static void Load(Network network, BatchSlice slice, float[] pixels, int[] labels)
    {
        var (stride, local) = ((int)network.Model.Input.Elements, 0);
        foreach (var position in slice.Positions())
        {
            pixels.AsSpan(position * stride, stride).CopyTo(network.Input[(local * stride)..]);
            network.Labels[local++] = labels[position];
        }
    }

    /// <summary>A step of a network that holds the whole batch.</summary>
    public static ulong Step(Network network, BatchSlice whole, ulong step = 1)
    {
        network.ForwardBackward(whole, step);
        Fold(network, whole);
        network.Apply();
        return network.States.Flip();
    }

    /// <summary>An estimate of the average's statistics by a network that holds the whole batch.</summary>
    public static ulong Estimate(Network network, BatchSlice whole, ulong step = 1)
    {
        network.Estimate(whole, step);
        Fold(network, whole);
        network.ApplyEstimate();
        return network.States.Flip();
    }

    private static void Fold(Network network, BatchSlice whole) =>
        Assert.True(GradientTree.Fold([network.Gradient(0).ToArray()], [.. whole.Roots], whole.Shards, whole.Samples, network.Total));
}
