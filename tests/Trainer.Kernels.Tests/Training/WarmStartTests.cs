using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

public sealed class WarmStartTests : IDisposable
{
    private static readonly Shape Input = new(2, 3, 3);
    private readonly TemporaryFolder _folder = new();
    private readonly ReferenceDevice _device = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_network_continues_with_what_another_one_wrote()
    {
        using var first = Start(5, new Conv2d(3, 2), new BatchNorm2d(), new Flatten(), new Linear(2));
        first.EditWeights()[^16] = 0.25f;
        var path = Save(first);
        using var second = Start(6, new Conv2d(3, 2), new BatchNorm2d(), new Flatten(), new Linear(2));
        Assert.NotEqual(first.Weights.ToArray(), second.Weights.ToArray());

        WarmStart.Load(second, path);

        Assert.Equal(first.Weights.ToArray(), second.Weights.ToArray());
        Assert.Equal(
            ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "3.weight", "3.bias"],
            Safetensors.Read(path).Keys);
        Assert.Equal([7f], Safetensors.Read(path)["1.num_batches_tracked"].Values);
    }

    [Fact]
    public void A_strict_start_refuses_what_is_missing_or_unknown_and_changes_nothing()
    {
        using var small = Start(5, new Flatten(), new Linear(2));
        using var large = Start(6, new Flatten(), new Linear(2), new ReLU(), new Linear(2));
        var before = large.Weights.ToArray();

        Refused(large, Save(small), true, "has no 3.bias, 3.weight, which the model has (strict)");
        Refused(small, Save(large), true, "has 3.bias, 3.weight, which the model has not (strict)");
        Assert.Equal(before, large.Weights.ToArray());

        WarmStart.Load(large, Save(small), strict: false);
        Assert.Equal(small.Weights[16..].ToArray(), large.Weights[^(small.Weights.Length - 16)..].ToArray());
        Assert.Equal(before[..32], large.Weights[..32].ToArray());
    }

    [Fact]
    public void Other_shapes_are_refused_whether_strict_or_not()
    {
        using var two = Start(5, new Flatten(), new Linear(2));
        using var three = Start(6, new Flatten(), new Linear(3));
        using var named = Start(6, new Flatten(), new Linear(2) { Name = "head" });

        foreach (var strict in new[] { true, false })
        {
            Refused(three, Save(two), strict, "tensor '1.weight' has shape (2,18); the model's is (3,18)");
        }

        Refused(named, Save(two), false, "has none of the model's tensors head.weight, head.bias");
    }

    [Fact]
    public void An_optimizers_state_is_written_under_torchs_names()
    {
        using var network = Start(5, new Flatten(), new Linear(2));
        var state = TestData.Values(2 * network.Layout.Elements, 3);
        var path = _folder.File("optimizer.safetensors");
        Safetensors.WriteOptimizer(path, network.Layout, ["exp_avg", "exp_avg_sq"], state, 11);
        var tensors = Safetensors.Read(path);

        Assert.Equal(["1.weight.exp_avg", "1.weight.exp_avg_sq", "1.bias.exp_avg", "1.bias.exp_avg_sq", "step"], tensors.Keys);
        Assert.Equal(state[..2], tensors["1.bias.exp_avg"].Values);
        Assert.Equal(state.AsSpan(network.Layout.Elements + 16, 36).ToArray(), tensors["1.weight.exp_avg_sq"].Values);
        Assert.Equal([11f], tensors["step"].Values);
    }

    private static void Refused(Network network, string path, bool strict, string problem) =>
        Assert.Contains(problem, Assert.Throws<DataFileException>(() => WarmStart.Load(network, path, strict)).Message, StringComparison.Ordinal);

    private Network Start(ulong seed, params Module[] layers)
    {
        var network = new Network(new Model(Input, layers), _device, new Sgd(0.1), new NetworkOptions(1));
        network.Initialize(seed);
        return network;
    }

    private string Save(Network network)
    {
        var path = _folder.File("weights.safetensors");
        Safetensors.WriteWeights(path, network.Layout, network.Weights, 7);
        return path;
    }
}
