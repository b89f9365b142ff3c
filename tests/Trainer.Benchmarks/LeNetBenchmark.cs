using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Benchmarks;

/// <summary>LeNet on 28 x 28, batches of 256 in 16 shards: each device operation of a training step, and the step.</summary>
internal static class LeNetBenchmark
{
    private const int Samples = 256;

    /// <summary>Three products per layer, but two for the first, whose input needs no gradient.</summary>
    private const double StepFlop = 2.0 * Samples * ((2 * 28 * 28 * 6 * 25) + (3 * 10 * 10 * 16 * 150) + (3 * ((400 * 120) + (120 * 84) + (84 * 10))));

    private static readonly BatchSlice Slice = BatchSlice.Whole(Samples, 16);

    public static void Step(Bench bench)
    {
        using var network = new Network(Zoo.LeNet(), bench.Device, new Sgd(0.9f), new NetworkOptions(Samples));
        network.Initialize(0);
        var cluster = new ClusterOfOne(network);
        Philox.FillUniform(network.Input, 1, 0, 0, default);
        for (var i = 0; i < Samples; i++)
        {
            network.Labels[i] = i % 10;
        }

        var step = 0UL;
        bench.Measure("training step", StepFlop, () =>
        {
            cluster.Run(Slice, ++step);
            network.Apply();
            network.States.Flip();
        });
    }

    public static void Operations(Bench bench)
    {
        Convolution(bench, new(1, 28, 28, 6, 5, 5, 1, 1, 2, 2), isFirst: true);
        Pool(bench, new(6, 28, 28, 2, 2, 2, 2, 0, 0));
        Convolution(bench, new(6, 14, 14, 16, 5, 5, 1, 1, 0, 0), isFirst: false);
        Pool(bench, new(16, 10, 10, 2, 2, 2, 2, 0, 0));
        Linear(bench, 400, 120);
        Linear(bench, 120, 84);
        Linear(bench, 84, 10);
        Loss(bench);
        var (weights, total, next) = (bench.Tensor(61_706), bench.Tensor(61_706), bench.Tensor(61_706));
        UpdateRun[] runs = [new UpdateRun(UpdateRule.Sgd, weights.Elements) { LearningRate = 1e-6f }];
        bench.Measure("sgd", 2 * 61_706, () => bench.Device.Updates.Update(runs, 1, total, [weights], [next], new ulong[1], new ulong[1]));
    }

    private static void Convolution(Bench bench, Conv2dGeometry g, bool isFirst)
    {
        var (x, w, b) = (bench.Tensor((long)Samples * g.C * g.H * g.W), bench.Tensor(g.K * g.Reduction), bench.Tensor(g.K));
        var (dw, db) = (bench.Tensor(g.K * g.Reduction), bench.Tensor(g.K));
        var (y, dx) = (bench.Tensor((long)Samples * g.K * g.P * g.Q), bench.Tensor((long)Samples * g.C * g.H * g.W));
        var flop = 2.0 * Samples * g.K * g.P * g.Q * g.Reduction;
        bench.Measure($"conv {g.C}->{g.K} forward, sigmoid", flop, () => bench.Device.Products.Conv2dForward(g, Samples, x, w, b, Activation.Sigmoid, y));
        bench.Measure($"conv {g.C}->{g.K} backward weights", flop, () => bench.Device.Products.Conv2dBackwardWeights(g, Slice, x, y, [dw], [db]));
        bench.Measure($"conv {g.C}->{g.K} backward weights, no bias", flop, () => bench.Device.Products.Conv2dBackwardWeights(g, Slice, x, y, [dw], []));
        if (!isFirst)
        {
            bench.Measure($"conv {g.C}->{g.K} backward data", flop, () =>
                bench.Device.Products.Conv2dBackwardData(g, Samples, y, w, GradientEpilogue.None, dx));
        }
    }

    private static void Pool(Bench bench, Pool2dGeometry g)
    {
        var (x, y) = (bench.Tensor((long)Samples * g.C * g.H * g.W), bench.Tensor((long)Samples * g.C * g.P * g.Q));
        var dx = bench.Tensor(x.Elements);
        bench.Measure($"pool {g.C} forward", x.Elements, () => bench.Device.Pooling.AvgPool2dForward(g, true, Samples, x, OutputEpilogue.None, y));
        bench.Measure($"pool {g.C} backward, sigmoid", x.Elements, () =>
            bench.Device.Pooling.AvgPool2dBackward(g, true, Samples, y, new GradientEpilogue(Activation.Sigmoid, x), dx));
    }

    private static void Linear(Bench bench, int inputs, int outputs)
    {
        var (x, w, b) = (bench.Tensor((long)Samples * inputs), bench.Tensor((long)outputs * inputs), bench.Tensor(outputs));
        var (y, dx) = (bench.Tensor((long)Samples * outputs), bench.Tensor((long)Samples * inputs));
        var (dw, db) = (bench.Tensor((long)outputs * inputs), bench.Tensor(outputs));
        var (name, flop) = ($"linear {inputs}-{outputs}", 2.0 * Samples * inputs * outputs);
        bench.Measure($"{name} forward, sigmoid", flop, () => bench.Device.Products.LinearForward(inputs, outputs, Samples, x, w, b, Activation.Sigmoid, y));
        bench.Measure($"{name} backward weights", flop, () => bench.Device.Products.LinearBackwardWeights(inputs, outputs, Slice, x, y, [dw], [db]));
        bench.Measure($"{name} backward data, sigmoid", flop, () =>
            bench.Device.Products.LinearBackwardData(inputs, outputs, Samples, y, w, new GradientEpilogue(Activation.Sigmoid, x), dx));
    }

    private static void Loss(Bench bench)
    {
        var (logits, dx) = (bench.Tensor(Samples * 10), bench.Tensor(Samples * 10));
        var (labels, loss, correct) = (bench.Tensor(Samples, 0), bench.Tensor(Samples), bench.Tensor(Samples));
        bench.Measure("softmax cross entropy", Samples * 10, () =>
            bench.Device.Losses.SoftmaxCrossEntropy(default, 10, Samples, logits, labels, loss, correct, dx));
    }
}
