namespace Trainer.Protos.Tests.JobFiles;

/// <summary>Blocks and repeats of a job file, and what their author is told.</summary>
public sealed class BlockTests
{
    private const string Vgg = """
        vgg:
          - repeat: {times: $convs, layers: [{conv2d: {out_channels: $channels, kernel_size: $kernel, padding: 1}}, {relu: {}}]}
          - max_pool2d: {kernel_size: 2}
        """;

    [Fact]
    public void A_use_is_a_sequential_of_the_blocks_layers_with_its_arguments()
    {
        var model = Read(Vgg, """
            - vgg: {convs: 1, channels: 64, kernel: [3, 5]}
            - {name: second, vgg: {convs: 2, channels: 128, kernel: 3}}
            - flatten: {}
            """);

        Assert.Equal(["conv2d", "relu", "max_pool2d"], Kinds(model.Layers[0].Sequential.Layers));
        Assert.Equal([3u, 5u], model.Layers[0].Sequential.Layers[0].Conv2D.KernelSize);
        Assert.False(model.Layers[0].HasName);
        Assert.Equal("second", model.Layers[1].Name);
        Assert.Equal(["conv2d", "relu", "conv2d", "relu", "max_pool2d"], Kinds(model.Layers[1].Sequential.Layers));
        Assert.Equal([128u, 128u], model.Layers[1].Sequential.Layers.Where(layer => layer.Conv2D is not null).Select(layer => layer.Conv2D.OutChannels));
        Assert.Equal(["sequential", "sequential", "flatten"], Kinds(model.Layers));
    }

    [Fact]
    public void Blocks_use_blocks_in_any_list_of_layers()
    {
        var model = Read(
            """
            unit:
              - residual: {layers: [conv: {k: $k}, relu: {}, conv: {k: $k}], shortcut: [conv: {k: $k}]}
              - relu: {}
            conv: [conv2d: {out_channels: $k, kernel_size: 3}, {batch_norm2d: }]
            grow:
              - concat: {branches: [{}, {layers: [conv: {k: $growth}]}]}
            """,
            """
            - repeat: {times: 2, layers: [unit: {k: 7}]}
            - sequential: {layers: [repeat: {times: 3, layers: [grow: {growth: 5}]}]}
            """);

        Assert.Equal(3, model.Layers.Count);
        var residual = model.Layers[1].Sequential.Layers[0].Residual;
        Assert.Equal(["sequential", "relu", "sequential"], Kinds(residual.Layers));
        Assert.Equal(7u, residual.Shortcut[0].Sequential.Layers[0].Conv2D.OutChannels);
        var concat = model.Layers[2].Sequential.Layers[2].Sequential.Layers[0].Concat;
        Assert.Empty(concat.Branches[0].Layers);
        Assert.Equal(5u, concat.Branches[1].Layers[0].Sequential.Layers[0].Conv2D.OutChannels);
    }

    [Fact]
    public void What_is_written_is_the_model_without_blocks()
    {
        var spec = JobFile.Parse(File(Vgg, "- vgg: {convs: 2, channels: 3, kernel: 3}"), "j.yaml");

        var written = JobFile.Write(spec);

        Assert.DoesNotContain("vgg", written, StringComparison.Ordinal);
        Assert.Equal(spec, JobFile.Parse(written, "j.yaml"));
    }

    // Places: the text of blocks starts at line 4 with 4 blanks before it, that of layers 2 lines behind it.
    [Theory]
    [InlineData("a: [relu: {}]", "- a: {x: 1}", "6:11: model.layers[0].a.x: unknown argument, none is known here")]
    [InlineData("a: [dropout: {p: $rate}]", "- a: {rat: 0.5}", "6:7: model.layers[0].a.rate: is required|6:11: model.layers[0].a.rat: unknown argument, did you mean 'rate'?")]
    [InlineData("a: [dropout: {p: $rate}]", "- a: {rate: 0.5, rate: 1}", "6:22: model.layers[0].a.rate: given twice")]
    [InlineData("a: [dropout: {p: $rate}]", "- a: 0.5", "6:10: model.layers[0].a: expected arguments (rate), got '0.5'")]
    [InlineData("a: [dropout: {p: $rate}]", "- a:", "6:7: model.layers[0].a.rate: is required")]
    [InlineData("a: [dropout: {p: $rate}]", "- a: {rate: 2}", "6:17: model.layers[0].sequential.layers[0].dropout.p: must be at most 1, got 2")]
    [InlineData("a: [dropout: {q: $rate}]", "- a: {rate: 1}\n- a: {rate: 0}", "4:19: model.layers[0].sequential.layers[0].dropout.q: unknown field, did you mean 'p'?")]
    [InlineData("a: [dropout: {p: $Rate}]", "- a: {}", "4:22: model.blocks.a: '$Rate': an argument is $ and a name of at most 64 lower-case letters, digits and underscores")]
    [InlineData("a: [a: {}]", "- a: {}", "4:9: model.layers[0].sequential.layers[0].a: block a holds itself: a > a")]
    [InlineData("a: [b: ]\nb: [{name: x, c: }]\nc: [relu: , b: ]", "- a:",
        "6:17: model.layers[0].sequential.layers[0].sequential.layers[0].sequential.layers[1].b: block b holds itself: b > c > b")]
    [InlineData("a: [relu: {}]", "- relu: {}", "4:5: model.blocks.a: is never used; remove it")]
    [InlineData("a: {relu: {}}", "- relu: {}", "4:8: model.blocks.a: expected a list of layers, got fields")]
    [InlineData("relu: [sigmoid: {}]", "- relu: {}", "4:5: model.blocks.relu: is a word of job files already; choose another name")]
    [InlineData("repeat: [sigmoid: {}]", "- relu: {}", "4:5: model.blocks.repeat: is a word of job files already; choose another name")]
    [InlineData("A: [sigmoid: {}]", "- relu: {}",
        "4:5: model.blocks.A: a block's name is made of at most 64 lower-case letters, digits and underscores and starts with a letter")]
    [InlineData("a: [relu: ]\na: [tanh: ]", "- a: {}", "5:5: model.blocks.a: given twice, first in line 4")]
    [InlineData("a: [relu: ]", "- {a: , tanh: }", "6:13: model.layers[0].tanh: cannot stand beside sequential: only one of them")]
    [InlineData("a: [relu: ]", "- a:\n- dropout: {p: $x}", "7:20: model.layers[1].dropout.p: '$x' stands for an argument, and only a block has arguments")]
    [InlineData("a: [repeat: {times: $n, layers: [relu: ]}]", "- a: {n: 0}",
        "6:14: model.layers[0].sequential.layers[0].repeat.times: expected a whole number from 1 to 1000, got '0'")]
    [InlineData("a: [relu: ]", "- repeat: {times: 2, layers: [a: ], name: x}",
        "6:41: model.layers[0].repeat.name: unknown field, known here: times, layers|4:5: model.blocks.a: is never used; remove it")]
    [InlineData("a: [relu: ]", "- {name: x, repeat: {times: 2, layers: [a: ]}}",
        "6:17: model.layers[0].repeat: takes nothing beside it: its layers become part of this list")]
    [InlineData("a: [relu: ]", "- repeat: {times: 2, layers: 5}\n- a:", "6:34: model.layers[0].repeat.layers: expected a list of layers, got '5'")]
    [InlineData("a: [relu: ]", "- repeat: {layers: [a: ]}", "6:7: model.layers[0].repeat.times: is required|4:5: model.blocks.a: is never used; remove it")]
    [InlineData("a: [relu: {}]", "- repeat: {times: 1000, layers: [repeat: {times: 1000, layers: [a: {}]}]}",
        "6:69: model.layers: blocks and repeats come to more than 10000 layers")]
    public void EveryFaultIsPlaced(string blocks, string layers, string expected)
    {
        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(File(blocks, layers), "j.yaml"));

        Assert.Equal(
            expected.Split('|').Select(line => $"j.yaml:{line}").Order(StringComparer.Ordinal),
            error.Faults.Select(fault => fault.ToString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("blocks:", "3:10: model.blocks: expected names of blocks, each with its layers, got nothing")]
    [InlineData("blocks: [relu: ]", "3:11: model.blocks: expected names of blocks, each with its layers, got a list")]
    [InlineData("blocks: {}\n  blocks: {}", "4:3: model.blocks: given twice, first in line 3")]
    public void The_section_itself_is_checked(string section, string expected)
    {
        var text = File("a:", "- relu: ").Replace("blocks:\n    a:\n", section + "\n", StringComparison.Ordinal);

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml"));

        Assert.Equal($"j.yaml:{expected}", error.Message);
    }

    [Fact]
    public void A_chain_of_blocks_is_followed_only_so_deep()
    {
        var blocks = string.Join('\n', Enumerable.Range(0, 5000).Select(i => $"b{i}: [b{i + 1}: ]")) + "\nb5000: [relu: ]";

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(File(blocks, "- b0:"), "j.yaml"));

        Assert.Equal("j.yaml:34:10: model.layers: layers are nested in more than 30 containers", error.Message);
    }

    [Fact]
    public void Blocks_that_double_are_refused_by_the_limit_of_layers_at_once()
    {
        var blocks = string.Join('\n', Enumerable.Range(0, 28).Select(i => $"b{i}: [b{i + 1}: , b{i + 1}: ]")) + "\nb28: [relu: ]";
        var time = System.Diagnostics.Stopwatch.StartNew();

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(File(blocks, "- b0:"), "j.yaml"));

        Assert.EndsWith("model.layers: blocks and repeats come to more than 10000 layers", error.Message, StringComparison.Ordinal);
        Assert.True(time.Elapsed < TimeSpan.FromSeconds(30), $"took {time.Elapsed}, which it did not come near before it was followed to its end");
    }

    [Fact]
    public void Long_arguments_count_as_often_as_they_are_used()
    {
        var list = string.Join(", ", Enumerable.Repeat("1", 50_000));

        var error = Assert.Throws<JobFileException>(
            () => JobFile.Parse(File("a: [conv2d: {out_channels: 1, kernel_size: $k}, relu: ]", string.Concat(Enumerable.Repeat($"- a: {{k: [{list}]}}\n", 3)).TrimEnd()), "j.yaml"));

        Assert.EndsWith("model.layers: blocks and repeats come to more than 200000 values", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void As_deep_as_allowed_is_read_and_written()
    {
        var layers = string.Concat(Enumerable.Repeat("{sequential: {layers: [", 30)) + "relu: " + string.Concat(Enumerable.Repeat("]}}", 30));

        var model = Read("a: [relu: ]", $"- {layers}\n- a:");

        Assert.Equal(model.Layers, JobFile.ModelOfJson(JobFile.ModelJson(model)).Layers);
        Assert.Equal(model, JobFile.Parse(JobFile.Write(JobFile.Parse(File("a: [relu: ]", $"- {layers}\n- a:"), "j.yaml")), "j.yaml").Model);
    }

    private static Model Read(string blocks, string layers) => JobFile.Parse(File(blocks, layers), "j.yaml").Model;

    private static string File(string blocks, string layers) => $"""
        name: blocks
        model:
          blocks:
            {Indented(blocks)}
          layers:
            {Indented(layers)}
        data: {"{dataset: fashion-mnist}"}
        training: {"{epochs: 1, batch_size: 8, optimizer: {sgd: {lr: 1}}}"}
        """;

    private static string Indented(string text) => text.Replace("\n", "\n    ", StringComparison.Ordinal);

    private static IEnumerable<string> Kinds(IEnumerable<Layer> layers) =>
        layers.Select(layer => Layer.Descriptor.Oneofs[0].Accessor.GetCaseFieldDescriptor(layer).Name);
}
