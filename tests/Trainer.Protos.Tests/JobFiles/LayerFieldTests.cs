namespace Trainer.Protos.Tests.JobFiles;

/// <summary>What a job file may say of layers, and what its author is told.</summary>
public sealed class LayerFieldTests
{
    [Fact]
    public void Containers_nest_and_children_have_names()
    {
        var model = JobFile.Parse(
            File("""
                - name: stem
                  sequential:
                    layers:
                      - {name: conv1, conv2d: {out_channels: 8, kernel_size: 3, auto_padding: same, dilation: 2, groups: 4}}
                      - batch_norm2d: {cumulative: true, sync: true}
                - residual:
                    layers: [{name: conv1, conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}]
                - concat: {branches: [{}, {layers: [max_pool2d: {kernel_size: 3, stride: 1, padding: 1, ceil_mode: true}]}]}
                - gelu: {approximate: tanh}
                """),
            "j.yaml").Model;

        Assert.Equal("stem", model.Layers[0].Name);
        Assert.True(model.Layers[0].Sequential.Layers[0] is { Name: "conv1", Conv2D: { AutoPadding: "same", Groups: 4 } });
        Assert.True(model.Layers[0].Sequential.Layers[1].BatchNorm2D is { Cumulative: true, Sync: true, HasMomentum: false });
        Assert.Empty(model.Layers[1].Residual.Shortcut);
        Assert.Equal([0, 1], model.Layers[2].Concat.Branches.Select(branch => branch.Layers.Count));
        Assert.Equal("tanh", model.Layers[3].Gelu.Approximate);
        Assert.Equal(
            """[{"name":"stem","sequential":{"layers":[{"name":"conv1","conv2d":{"out_channels":8,"kernel_size":[3],"auto_padding":"same","dilation":[2],"groups":"""
            + """4}},{"batch_norm2d":{"cumulative":true,"sync":true}}]}}]""",
            JobFile.ModelJson(new Model { Layers = { model.Layers[0] } }));
    }

    [Theory]
    [InlineData("- conv2d: {out_channels: 1, kernel_size: 3, padding: 0, auto_padding: same}",
        "4:58: model.layers[0].conv2d.padding: cannot stand beside auto_padding; remove one of them")]
    [InlineData("- conv2d: {out_channels: 1, kernel_size: 3, auto_padding: valid}", "4:63: model.layers[0].conv2d.auto_padding: must be same, got 'valid'")]
    [InlineData("- linear: {out_features: 1, bias: false, bias_init: {kind: constant}}",
        "4:46: model.layers[0].linear.bias_init: cannot stand beside bias: false; remove one of them")]
    [InlineData("- linear: {out_features: 1, weight_init: {kind: normal, value: 1}}",
        "4:68: model.layers[0].linear.weight_init.value: says nothing without kind: constant; remove it")]
    [InlineData("- linear: {out_features: 1, weight_init: {kind: constant, std: 1}}",
        "4:68: model.layers[0].linear.weight_init.std: says nothing without kind: normal; remove it")]
    [InlineData("- batch_norm1d: {cumulative: true, momentum: 0.1}",
        "4:50: model.layers[0].batch_norm1d.momentum: cannot stand beside cumulative: true; remove one of them")]
    [InlineData("- batch_norm2d: {eps: 0}", "4:27: model.layers[0].batch_norm2d.eps: must be greater than 0, got 0")]
    [InlineData("- group_norm: {}", "4:7: model.layers[0].group_norm.num_groups: is required")]
    [InlineData("- dropout: {p: 1.5}", "4:20: model.layers[0].dropout.p: must be at most 1, got 1.5")]
    [InlineData("- gelu: {approximate: erf}", "4:27: model.layers[0].gelu.approximate: must be none or tanh, got 'erf'")]
    [InlineData("- adaptive_avg_pool2d: {output_size: [1, 2, 3]}", "4:42: model.layers[0].adaptive_avg_pool2d.output_size: takes at most 2 values, got 3")]
    [InlineData("- sequential: {}", "4:7: model.layers[0].sequential.layers: is required")]
    [InlineData("- residual: {shortcut: [relu: ]}", "4:7: model.layers[0].residual.layers: is required")]
    [InlineData("- concat: {branches: []}", "4:16: model.layers[0].concat.branches: needs at least 1 value, got 0")]
    [InlineData("- concat: {branches: [{layer: []}]}", "4:28: model.layers[0].concat.branches[0].layer: unknown field, did you mean 'layers'?")]
    [InlineData("- {name: a.b, relu: }", "4:14: model.layers[0].name: must be 1 to 64 letters, digits and underscores, got 'a.b'")]
    [InlineData("- {name: '', relu: }", "4:14: model.layers[0].name: must be 1 to 64 letters, digits and underscores, got ''")]
    [InlineData("- name: a", "4:7: model.layers[0]: needs conv2d, ")]
    [InlineData("- {name: a, relu: }\n- tanh:\n- {name: a, relu: }", "6:14: model.layers[2].name: 'a' is the name of model.layers[0] already")]
    [InlineData("- residual: {layers: [{name: a, relu: }], shortcut: [{name: a, tanh: }]}",
        "4:65: model.layers[0].residual.shortcut[0].name: 'a' is the name of model.layers[0].residual.layers[0] already")]
    [InlineData("- concat: {branches: [{layers: [{name: a, relu: }]}, {layers: [{name: a, tanh: }]}]}",
        "4:75: model.layers[0].concat.branches[1].layers[0].name: 'a' is the name of model.layers[0].concat.branches[0].layers[0] already")]
    public void EveryFaultIsPlaced(string layers, string expected)
    {
        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(File(layers), "j.yaml"));

        Assert.StartsWith($"j.yaml:{expected}", error.Message, StringComparison.Ordinal);
        Assert.Single(error.Faults);
    }

    [Fact]
    public void Containers_of_different_parents_may_use_the_same_names() => Assert.Equal(2, JobFile.Parse(
        File("""
            - {name: a, sequential: {layers: [{name: a, relu: }]}}
            - {name: b, sequential: {layers: [{name: a, relu: }]}}
            """),
        "j.yaml").Model.Layers.Count);

    private static string File(string layers) => $"""
        name: layers
        model:
          layers:
            {layers.Replace("\n", "\n    ", StringComparison.Ordinal)}
        data: {"{dataset: fashion-mnist}"}
        training: {"{epochs: 1, batch_size: 8, optimizer: {sgd: {lr: 1}}}"}
        """;
}
