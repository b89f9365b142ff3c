using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Kernels.Training.Planning;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>On a machine with many processors a product is cut into pieces enough that none of them waits long for the others.</summary>
public sealed class CpuPiecesTests
{
    private const int Threads = 64, Classes = 10;

    /// <summary>Multiply-adds of a pass, a core takes 4 and 20 ms for them, and pieces that they are to be cut into. A gradient that is small, of few shards, has no more tiles.</summary>
    private static readonly (long MultiplyAdds, int Pieces)[] Heavy = [(1_000_000_000, 256), (200_000_000, 96)];

    /// <summary>What multiplies; packing, transforming and folding come before and behind.</summary>
    private static readonly string[] Products =
        ["ConvolutionProduct", "WinogradConvolution", "WinogradBackwardWeights", "Conv2dBackwardWeights", "DirectConvolution", "ChannelConvolution", "SampleConvolution", "LinearForward", "LinearBackwardData", "LinearBackwardWeights"];

    [Theory]
    [InlineData("lenet", 256, 1, 28)]
    [InlineData("cnn-rgb32", 256, 3, 32)]
    [InlineData("mnistnet", 64, 1, 28)]
    [InlineData("googlenet", 32, 1, 96)]
    [InlineData("resnet18", 32, 1, 96)]
    [InlineData("densenet", 32, 1, 96)]
    [InlineData("nin", 32, 1, 224)]
    [InlineData("alexnet", 32, 1, 224)]
    [InlineData("vgg11", 8, 1, 224)]
    [Trait("Category", "Long")]
    public void Heavy_products_have_pieces_for_64_threads(string name, int batch, int channels, int size)
    {
        using var device = CpuDevice.Create(Threads);
        var model = Zoo.Create(name, new Shape(channels, size, size), Classes);
        using var network = new Network(model, device, new Sgd(0.01), new NetworkOptions(batch));
        network.Initialize(seed: 3);
        var (works, few) = (new List<(string Name, int Pieces)>(), new List<string>());
        device.Running = (work, pieces) => works.Add((work.GetType().Name.Split('`')[0], pieces));
        network.OperationDone = (operation, isBackward) =>
        {
            if (EnoughFor(operation, batch) is var enough and > 0)
            {
                few.AddRange(works.Where(work => Products.Contains(work.Name)).GroupBy(work => work.Name)
                    .Select(runs => (Name: runs.Key, Pieces: runs.Sum(run => run.Pieces), Least: runs.Min(run => run.Pieces)))
                    .Where(runs => runs.Pieces < enough || runs.Least < Threads)
                    .Select(runs => $"{operation.Node!.Name} {operation.Node.Layer.Kind} {operation.Node.Input.Shape} -> {operation.Node.Output.Shape} {(isBackward ? "backward" : "forward")}: {runs.Name} in {runs.Pieces} pieces, at least {runs.Least} at once"));
            }

            works.Clear();
        };
        var shards = ShardTree.DefaultShards(batch);
        network.ForwardBackward(BatchSlice.Whole(batch, shards, model.GroupShards(batch, shards)), 1);

        Assert.True(few.Count == 0, $"{name}: too few pieces, or fewer than {Threads} between two barriers, at {Threads} threads:\n{string.Join('\n', few)}");
    }

    private static int EnoughFor(Operation operation, int batch) =>
        operation.Node is { } node ? Heavy.FirstOrDefault(heavy => node.Layer.MultiplyAdds(node.Input.Shape) * batch >= heavy.MultiplyAdds).Pieces : 0;
}
