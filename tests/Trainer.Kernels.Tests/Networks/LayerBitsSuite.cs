using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Networks;

/// <summary>Two steps come to the same bits on all devices and on several numbers of workers, layer by layer and recipe by recipe, with batch norm groups of two shards.</summary>
public abstract class LayerBitsSuite(DeviceVariants variants)
{
    private const int Samples = 53, Shards = 16, Group = 2, Classes = 10;

    private static readonly Shape Image = new(1, 9, 11);

    public static TheoryData<string, string> Layers => new()
    {
        { "nothing", "" },
        { "batch norm", """{"batch_norm2d":{}},{"relu":{}},""" },
        { "residual", """{"residual":{"layers":[{"conv2d":{"out_channels":5,"kernel_size":[3],"auto_padding":"same"}},{"batch_norm2d":{"momentum":0.3}}]}},{"relu":{}},""" },
        { "concat", """{"concat":{"branches":[{},{"layers":[{"conv2d":{"out_channels":3,"kernel_size":[1]}},{"gelu":{}}]},{"layers":[{"max_pool2d":{"kernel_size":[3],"stride":[1],"padding":[1]}}]}]}},""" },
        { "squeeze and excitation", """{"residual":{"layers":[{"multiply":{"branches":[{},{"layers":[{"adaptive_avg_pool2d":{"output_size":[1]}},{"conv2d":{"out_channels":3,"kernel_size":[1]}},{"relu":{}},{"conv2d":{"out_channels":5,"kernel_size":[1]}},{"sigmoid":{}}]}]}}]}},{"relu":{}},{"multiply":{"branches":[{},{},{"layers":[{"tanh":{}}]}]}},""" },
        { "elu", """{"elu":{}},{"conv2d":{"out_channels":3,"kernel_size":[1]}},{"elu":{"alpha":-0.5}},{"relu6":{}},{"hardsigmoid":{}},{"hardswish":{}},""" },
        { "prelu", """{"prelu":{}},{"conv2d":{"out_channels":3,"kernel_size":[1]}},{"prelu":{"num_parameters":3}},""" },
        { "local response", """{"relu":{}},{"local_response_norm":{"size":3,"alpha":0.5,"beta":0.6}},{"sigmoid":{}},""" },
        { "zero_pad2d", """{"sigmoid":{}},{"zero_pad2d":{"padding":[1,0,2,3]}},""" },
        { "dropout2d", """{"dropout2d":{"p":0.2}},""" },
        { "dropout", """{"dropout":{"p":0.4}},""" },
        { "group norm", """{"group_norm":{"num_groups":5}},""" },
        { "adaptive average", """{"adaptive_avg_pool2d":{"output_size":[2,3]}},""" },
        { "adaptive maximum", """{"adaptive_max_pool2d":{"output_size":[2,3]}},""" },
        { "depthwise", """{"conv2d":{"out_channels":10,"kernel_size":[3],"groups":5,"dilation":[2]}},{"silu":{}},""" },
        { "softmax", """{"softmax":{}},{"log_softmax":{}},""" },
        { "average", """{"avg_pool2d":{"kernel_size":[3],"stride":[2],"padding":[1],"ceil_mode":true,"count_include_pad":false}},{"tanh":{}},""" },
        { "wide", """{"conv2d":{"out_channels":17,"kernel_size":[3],"padding":[1]}},{"leaky_relu":{}},{"conv2d":{"out_channels":19,"kernel_size":[3],"padding":[1]}},""" },
    };

    public static TheoryData<string, string> Recipes => new()
    {
        { "momentum", """{"epochs":1,"optimizer":{"sgd":{"lr":0.05,"momentum":0.9,"dampening":0.1}}}""" },
        { "nesterov", """{"epochs":1,"optimizer":{"sgd":{"lr":0.05,"momentum":0.9,"nesterov":true,"weight_decay":0.1}}}""" },
        { "adam", """{"epochs":1,"optimizer":{"adam":{"lr":0.01}}}""" },
        { "adamw", """{"epochs":1,"optimizer":{"adamw":{}},"parameter_groups":[{"pattern":"*.bias","weight_decay":0.1},{"pattern":"0.*","frozen":true}]}""" },
        { "rmsprop", """{"epochs":1,"optimizer":{"rmsprop":{"momentum":0.9,"centered":true,"weight_decay":0.01}}}""" },
        { "adagrad", """{"epochs":1,"optimizer":{"adagrad":{"lr_decay":0.1,"initial_accumulator_value":0.01,"weight_decay":0.01}}}""" },
        { "clip", """{"epochs":1,"optimizer":{"sgd":{"lr":0.05}},"clip_grad_norm":0.1}""" },
        { "weighted loss", """{"epochs":1,"optimizer":{"sgd":{"lr":0.05}},"loss":{"cross_entropy":{"class_weights":[1,2,1,1,3,1,1,0.5,1,1],"ignore_index":6,"label_smoothing":0.1}}}""" },
        { "binary cross entropy", """{"epochs":1,"optimizer":{"sgd":{"lr":0.05}},"loss":{"bce_with_logits":{"weight":[1,2,1,1,3,1,1,0.5,1,1],"pos_weight":[1,1,4,1,1,1,0.5,1,1,9]}}}""" },
        { "squared error", """{"epochs":1,"optimizer":{"sgd":{"lr":0.05}},"loss":{"mse":{"reduction":"mean"}}}""" },
        { "schedule", """{"epochs":3,"optimizer":{"sgd":{"lr":0.05}},"schedule":{"cosine":{},"warmup":{"steps":2}}}""" },
    };

    /// <summary>Numbers of workers, beside one, that the last of the variants is tried with.</summary>
    protected virtual int[] Workers => [2, 3, 5];

    [Theory]
    [MemberData(nameof(Layers))]
    public void Of_layers(string name, string layers) => Check(name, layers, """{"epochs":1,"optimizer":{"sgd":{"lr":0.05}}}""");

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Of_recipes(string name, string recipe) => Check(name, """{"batch_norm2d":{}},""", recipe);

    private void Check(string name, string layers, string recipe)
    {
        var model = Model.FromJson("""[{"conv2d":{"out_channels":5,"kernel_size":[3]}},""" + layers + """{"flatten":{}},{"linear":{"out_features":10}}]""", Image);
        var expected = variants.MustBeAlike(name, device => Train(model, recipe, device, 1));
        foreach (var workers in Workers)
        {
            DeviceVariants.MustEqual($"{name} on {workers} workers", expected, Train(model, recipe, variants.All[^1], workers));
        }
    }

    private static float[] Train(Model model, string recipe, Device device, int workers)
    {
        using var network = new Network(model, device, TrainingRecipe.FromJson(recipe), new NetworkOptions(Samples, MaxRoots: Shards));
        network.Initialize(seed: 5);
        var (pixels, labels) = TestData.Samples(Samples, model.Input, Classes, seed: 3);
        for (var step = 1UL; step <= 2; step++)
        {
            var (ranges, roots) = (new List<ShardRange>(), new List<Memory<float>>());
            for (var worker = 0; worker < workers; worker++)
            {
                var slice = SliceOf(worker, workers);
                TestData.Load(network, slice, pixels, labels);
                network.ForwardBackward(slice, step);
                ranges.AddRange(slice.Roots);
                roots.AddRange(slice.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()));
            }

            Assert.True(GradientTree.Fold([.. roots], [.. ranges], Shards, Samples, network.Total));
            network.Apply();
            network.States.Flip();
        }

        return network.Weights.ToArray();
    }

    /// <summary>Whole groups, as a coordinator assigns them.</summary>
    private static BatchSlice SliceOf(int worker, int workers)
    {
        const int units = Shards / Group;
        var (lo, hi) = (worker * units / workers * Group, (worker + 1) * units / workers * Group);
        return new BatchSlice(Samples, Shards, ShardTree.Cover(lo, hi, Shards), Group);
    }
}

[Collection(CpuVariants.Serial)]
public sealed class CpuLayerBitsTests() : LayerBitsSuite(CpuVariants.Few);
