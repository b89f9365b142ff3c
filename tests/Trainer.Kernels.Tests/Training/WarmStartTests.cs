using System.Text;
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
            ["1.num_batches_tracked", "0.bias", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "3.bias", "3.weight"],
            Safetensors.Read(path).Keys);
        Assert.Equal([7f], Safetensors.Read(path)["1.num_batches_tracked"].Values);
        Assert.Equal(7, second.BatchesTracked("1.num_batches_tracked"));
        second.State.Progress = second.State.Progress with { Updates = 5 };
        Assert.Equal(12, second.BatchesTracked("1.num_batches_tracked"));
        second.Initialize(6);
        Assert.Equal(0, second.BatchesTracked("1.num_batches_tracked"));
    }

    [Theory]
    [InlineData("I32", "09000000", 9)]
    [InlineData("I64", "0900000000000000", 9)]
    [InlineData("U8", "09", 9)]
    public void Counts_are_whole_numbers_of_any_size(string dtype, string bytes, long expected)
    {
        using var network = Start(5, new Conv2d(3, 2), new BatchNorm2d(), new Flatten(), new Linear(2));
        WarmStart.Load(network, Write(("1.num_batches_tracked", dtype, "[]", bytes), ("3.bias", "F32", "[2]", "0000803f0000803f")), strict: false);

        Assert.Equal(expected, network.BatchesTracked("1.num_batches_tracked"));
    }

    [Theory]
    [InlineData("F32", "0000c07f0000803f", "has NaN at [0]")]
    [InlineData("F32", "0000803f000080ff", "has -Infinity at [1]")]
    [InlineData("F64", "000000000000f03f000000000000f07f", "has Infinity as float32 at [1]")]
    public void Weights_that_are_not_finite_are_named(string dtype, string bytes, string problem)
    {
        using var network = Start(5, new Flatten(), new Linear(2));
        var before = network.Weights.ToArray();

        Refused(network, Write(("1.bias", dtype, "[2]", bytes)), false, $"tensor '1.bias' {problem}; training starts from finite weights");
        Assert.Equal(before, network.Weights.ToArray());
    }

    [Fact]
    public void The_place_of_what_is_not_finite_has_every_dimension()
    {
        using var network = Start(5, new Conv2d(3, 2), new Flatten(), new Linear(2));
        network.EditWeights()[network.Layout.Slots.Single(slot => slot.Name == "0.weight").Offset + (((((2 * 2) + 1) * 2) + 0) * 2) + 1] = float.NaN;
        var path = Save(network);

        Refused(network, path, true, "tensor '0.weight' has NaN at [2, 1, 0, 1]");
        WarmStart.LoadTrained(network, path);
    }

    [Fact]
    public void What_nobody_wants_may_be_anything_and_is_told()
    {
        using var network = Start(5, new Flatten(), new Linear(2));
        var path = Write(("mask", "BOOL", "[3]", "010001"), ("1.bias", "F64", "[2]", "000000000000f03f0000000000000040"), ("new", "F4", "[9]", "00"));

        Refused(network, path, true, "has no 1.weight, which the model has (strict)");
        var rest = WarmStart.Load(network, path, strict: false);
        Assert.Equal(["mask", "new"], rest.LeftOut);
        Assert.Equal(["1.weight"], rest.Missing);
        Assert.Equal([1f, 2f], network.Weights.Slice(network.Layout.Slots.Single(slot => slot.Name == "1.bias").Offset, 2).ToArray());
        Refused(network, Write(("1.bias", "BOOL", "[2]", "0101")), false, "tensor '1.bias' has dtype 'BOOL'; expected F64, F32");
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
    public void A_head_is_drawn_anew_and_names_are_what_the_model_calls_them()
    {
        using var old = Start(5, new Conv2d(3, 2) { Name = "stem" }, new Flatten(), new Linear(4) { Name = "fc" });
        using var same = Start(6, new Sequential(new Conv2d(3, 2) { Name = "conv" }) { Name = "body" }, new Flatten(), new Linear(2) { Name = "head" });
        var (before, path) = (same.Weights.ToArray(), Save(old));
        var selection = new WeightSelection { Rename = [new("stem.", "body.conv."), new("fc.", "head.")], Reset = ["head.*"] };

        var rest = WarmStart.Load(same, path, strict: true, selection);

        Assert.Equal(["head.bias", "head.weight"], rest.Reset);
        Assert.Empty(rest.LeftOut.Concat(rest.Missing).Concat(rest.Excluded));
        Assert.Equal(Of(old, "stem.weight"), Of(same, "body.conv.weight"));
        var head = same.Layout.Slots.Single(slot => slot.Name == "head.weight");
        Assert.Equal(before.AsSpan(head.Offset, head.Elements).ToArray(), Of(same, "head.weight"));

        var part = WarmStart.Load(same, path, strict: false, selection with { Reset = [], Include = ["body.*"], Exclude = ["*.bias"] });
        Assert.Equal(["body.conv.bias", "head.bias", "head.weight"], part.Excluded);
        Assert.Equal(part.Excluded, part.Missing);
        Selects(selection with { Reset = ["tail.*"] }, "training.init.reset: 'tail.*' fits no tensor; the first ones are body.conv.bias, body.conv.weight, head.bias, head.weight");
        Selects(new() { Include = ["x?"] }, "training.init.include: 'x?' fits no tensor; the first ones are fc.bias, fc.weight, stem.bias, stem.weight");
        Selects(new() { Rename = [new("stem.", "fc.")] }, "tensors 'fc.bias' and 'stem.bias' are both 'fc.bias' by training.init.rename");

        void Selects(WeightSelection wrong, string problem) =>
            Assert.Contains(problem, Assert.Throws<DataFileException>(() => WarmStart.Load(same, path, true, wrong)).Message, StringComparison.Ordinal);

        static float[] Of(Network network, string name) => network.Layout.Slots.Single(slot => slot.Name == name) is var slot ? network.Weights.Slice(slot.Offset, slot.Elements).ToArray() : [];
    }

    [Theory]
    [InlineData("fc.*", "fc.weight", true)]
    [InlineData("*.bias", "layer1.0.bias", true)]
    [InlineData("*.bias", "layer1.0.bias2", false)]
    [InlineData("layer?.0.*", "layer1.0.conv1.weight", true)]
    [InlineData("*a*b*c*", "xaxbxbxc", true)]
    [InlineData("*a*b*c*", "xcxbxa", false)]
    [InlineData("", "", true)]
    public void Patterns_know_any_characters_and_any_one(string pattern, string name, bool fits) => Assert.Equal(fits, NamePattern.Matches(pattern, name));

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

        Assert.Equal(["step", "1.bias.exp_avg", "1.bias.exp_avg_sq", "1.weight.exp_avg", "1.weight.exp_avg_sq"], tensors.Keys);
        Assert.Equal(state[..2], tensors["1.bias.exp_avg"].Values);
        Assert.Equal(state.AsSpan(network.Layout.Elements + 16, 36).ToArray(), tensors["1.weight.exp_avg_sq"].Values);
        Assert.Equal([11f], tensors["step"].Values);
    }

    [Fact]
    public void An_optimizers_state_beside_averaged_weights_is_refused()
    {
        using var network = Start(5, new Flatten(), new Linear(2));
        var path = _folder.File("optimizer.safetensors");
        Safetensors.WriteOptimizer(path, network.Layout, [], [], 11, averaged: true);
        Assert.EndsWith(
            "belongs to the weights that were trained, and the file of weights beside it has their average; go on from a checkpoint of the job (init.from), or load the weights alone",
            Assert.Throws<DataFileException>(() => WarmStart.LoadOptimizer(network, path, [])).Message.TrimEnd('.'), StringComparison.Ordinal);
        Safetensors.WriteOptimizer(path, network.Layout, [], [], 11);
        Assert.Equal(11, WarmStart.LoadOptimizer(network, path, []));
    }

    private static void Refused(Network network, string path, bool strict, string problem) =>
        Assert.Contains(problem, Assert.Throws<DataFileException>(() => WarmStart.Load(network, path, strict)).Message, StringComparison.Ordinal);

    private Network Start(ulong seed, params Module[] layers)
    {
        var network = new Network(new Model(Input, layers), _device, new Sgd(0.1), new NetworkOptions(1));
        network.Initialize(seed);
        return network;
    }

    /// <summary>A file of tensors: name, dtype, shape and bytes.</summary>
    private string Write(params (string Name, string Dtype, string Shape, string Bytes)[] tensors)
    {
        var (header, data) = (new List<string>(), new List<byte>());
        foreach (var (name, dtype, shape, bytes) in tensors)
        {
            var begin = data.Count;
            data.AddRange(Convert.FromHexString(bytes));
            header.Add($$"""{{name}}":{"dtype":"{{dtype}}","shape":{{shape}},"data_offsets":[{{begin}},{{data.Count}}]}""");
        }

        var json = Encoding.UTF8.GetBytes($"{{\"{string.Join(",\"", header)}}}");
        return _folder.Write("given.safetensors", [.. BitConverter.GetBytes((long)json.Length), .. json, .. data]);
    }

    private string Save(Network network)
    {
        var path = _folder.File("weights.safetensors");
        Safetensors.WriteWeights(path, network.Layout, network.Weights, _ => 7);
        return path;
    }
}
