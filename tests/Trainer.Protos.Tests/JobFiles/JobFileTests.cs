namespace Trainer.Protos.Tests.JobFiles;

/// <summary>What a job file may say, and what its author is told when it says something else.</summary>
public sealed class JobFileTests
{
    private const string Good = """
        name: small
        model:
          zoo: lenet
        data:
          dataset: fashion-mnist
        training:
          epochs: 3
          batch_size: 256
          optimizer:
            sgd:
              lr: 0.9
        """;

    private static readonly string[] Kinds = [.. Layer.Descriptor.Oneofs[0].Fields.Select(kind => kind.Name)];

    private const string Layers = """
        name: layers
        model:
          layers:
            - conv2d: {out_channels: 6, kernel_size: 5, padding: [2, 1], bias: false}
            - sigmoid: {}
            - flatten:
            - linear: {out_features: 10, weight_init: {kind: xavier_uniform}}
        data:
          idx:
            train_images: data/a.gz
            train_labels: /abs/b
            test_images: ../c
            test_labels: "d d"
        training:
          epochs: 1
          batch_size: 7
          seed: 18446744073709551615
          optimizer: {sgd: {lr: 1e-3, momentum: 0}}
        """;

    [Fact]
    public void Reads_every_field()
    {
        var spec = JobFile.Parse(Good, "small.yaml");

        Assert.Equal("small", spec.Name);
        Assert.Equal("lenet", spec.Model.Zoo);
        Assert.Equal("fashion-mnist", spec.Data.Dataset);
        Assert.Equal(3u, spec.Training.Epochs);
        Assert.Equal(256u, spec.Training.BatchSize);
        Assert.Equal(0.9, spec.Training.Optimizer.Sgd.Lr);
        Assert.False(spec.Training.HasSeed);
        Assert.Null(spec.Cluster);
    }

    [Fact]
    public void Reads_layers_lists_and_files()
    {
        var spec = JobFile.Parse(Layers, "/jobs/mine/layers.yaml");

        Assert.Equal(4, spec.Model.Layers.Count);
        Assert.Equal([5u], spec.Model.Layers[0].Conv2D.KernelSize); // a single value is a list of one
        Assert.Equal([2u, 1u], spec.Model.Layers[0].Conv2D.Padding);
        Assert.False(spec.Model.Layers[0].Conv2D.Bias);
        Assert.Equal(Layer.KindOneofCase.Sigmoid, spec.Model.Layers[1].KindCase);
        Assert.Equal(Layer.KindOneofCase.Flatten, spec.Model.Layers[2].KindCase); // "flatten:" is "flatten: {}"
        Assert.Equal("xavier_uniform", spec.Model.Layers[3].Linear.WeightInit.Kind);
        Assert.Equal(ulong.MaxValue, spec.Training.Seed);
        Assert.True(spec.Training.Optimizer.Sgd.HasMomentum);
        Assert.Equal("/jobs/mine/data/a.gz", spec.Data.Idx.TrainImages);
        Assert.Equal("/abs/b", spec.Data.Idx.TrainLabels);
        Assert.Equal("/jobs/c", spec.Data.Idx.TestImages);
        Assert.Equal("/jobs/mine/d d", spec.Data.Idx.TestLabels);
    }

    [Theory]
    [InlineData("lr: 0.9", "lr: -1", "11:11: training.optimizer.sgd.lr: must be greater than 0, got -1")]
    [InlineData("lr: 0.9", "lr: 0", "11:11: training.optimizer.sgd.lr: must be greater than 0, got 0")]
    [InlineData("lr: 0.9", "lr: fast", "11:11: training.optimizer.sgd.lr: expected a number, got 'fast'")]
    [InlineData("lr: 0.9", "lr: \"0.9\"", "11:11: training.optimizer.sgd.lr: expected a number, got the string \"0.9\"; remove the quotes")]
    [InlineData("lr: 0.9", "lr: NaN", "11:11: training.optimizer.sgd.lr: expected a finite number, got 'NaN'")]
    [InlineData("lr: 0.9", "lr: 1e999", "11:11: training.optimizer.sgd.lr: expected a finite number, got '1e999'")]
    [InlineData("lr: 0.9", "lr:", "11:10: training.optimizer.sgd.lr: has no value; give one or remove the line")]
    [InlineData("lr: 0.9", "lr: [0.9]", "11:11: training.optimizer.sgd.lr: expected a single value, got a list")]
    [InlineData("lr: 0.9", "lr: {value: 1}", "11:11: training.optimizer.sgd.lr: expected a single value, got fields")]
    [InlineData("lr: 0.9", "lr: 1\n      lr: 2", "12:7: training.optimizer.sgd.lr: given twice, first in line 11")]
    [InlineData("lr: 0.9", "lr: 1\n      Weight-Decay: 2", "12:7: training.optimizer.sgd.Weight-Decay: unknown field, did you mean 'weight_decay'?")]
    [InlineData("lr: 0.9", "lr: 1\n      amsgrad: true", "12:7: training.optimizer.sgd.amsgrad: unknown field, known here: lr, momentum, weight_decay, dampening, nesterov")]
    [InlineData("lr: 0.9", "lr: 1\n      momentum: 1.5", "12:17: training.optimizer.sgd.momentum: must be at most 1, got 1.5")]
    [InlineData("lr: 0.9", "momentum: 0", "10:5: training.optimizer.sgd.lr: is required")]
    [InlineData("epochs: 3", "epochs: 0", "7:11: training.epochs: must be at least 1, got 0")]
    [InlineData("epochs: 3", "epochs: -3", "7:11: training.epochs: must be at least 1, got -3")]
    [InlineData("epochs: 3", "epochs: 99999999999", "7:11: training.epochs: must be at most 1000000, got 99999999999")]
    [InlineData("epochs: 3", "epochs: 1.5", "7:11: training.epochs: expected a whole number, got '1.5'")]
    [InlineData("epochs: 3", "epochs: 3\n  seed: -1", "8:9: training.seed: must be between 0 and 18446744073709551615, got -1")]
    [InlineData("epochs: 3", "epochs: 3\n  shards: 512", "8:11: training.shards: must be at most batch_size (256), got 512")]
    [InlineData("  epochs: 3\n", "", "6:1: training.epochs: is required")]
    [InlineData("sgd:", "sdg:", "10:5: training.optimizer.sdg: unknown field, did you mean 'sgd'?")]
    [InlineData("name: small", "name: Small_One", "1:7: name: must be a DNS label: at most 63 lower-case letters, digits and hyphens, no hyphen at either end, got 'Small_One'")]
    [InlineData("name: small", "name: \"\"", "1:7: name: must be a DNS label: at most 63 lower-case letters, digits and hyphens, no hyphen at either end, got ''")]
    [InlineData("name: small", "nmae: small", "1:1: nmae: unknown field, did you mean 'name'?|1:1: name: is required")]
    [InlineData("  zoo: lenet", "  classes: 10", "2:1: model: needs zoo or layers|3:12: model.classes: says nothing without zoo; remove it")]
    [InlineData("  zoo: lenet", "  zoo: lenet\n  layers: [{sigmoid: {}}]", "2:1: model: takes only one of zoo and layers")]
    [InlineData("  zoo: lenet", "  layers: 5", "3:11: model.layers: expected a list, got '5'")]
    [InlineData("  zoo: lenet", "  layers: {}", "3:11: model.layers: expected a list, got fields")]
    [InlineData("  zoo: lenet", "  layers: [{}, sigmoid]", "3:12: model.layers[0]: needs EITHER_KIND|3:16: model.layers[1]: expected fields (name, ALL_KINDS), got 'sigmoid'")]
    [InlineData("  zoo: lenet", "  layers: [{sigmoid: {}, flatten: {}}]",
        "3:26: model.layers[0].flatten: cannot stand beside sigmoid: only one of them")]
    [InlineData("  zoo: lenet", "  layers: [{avg_pool2d: {kernel_size: [1, 2, 3]}}]", "3:39: model.layers[0].avg_pool2d.kernel_size: takes at most 2 values, got 3")]
    [InlineData("  zoo: lenet", "  layers: [{avg_pool2d: {kernel_size: []}}]", "3:39: model.layers[0].avg_pool2d.kernel_size: needs at least 1 value, got 0")]
    [InlineData("  zoo: lenet", "  layers: [{avg_pool2d: {kernel_size: 0}}]", "3:39: model.layers[0].avg_pool2d.kernel_size: must be at least 1, got 0")]
    [InlineData("  zoo: lenet", "  layers: [{avg_pool2d: {kernel_size: [2, 0]}}]", "3:43: model.layers[0].avg_pool2d.kernel_size[1]: must be at least 1, got 0")]
    [InlineData("  zoo: lenet", "  layers: [{conv2d: {out_channels: 1, kernel_size: 1, bias: yes}}]",
        "3:61: model.layers[0].conv2d.bias: expected true or false, got 'yes'")]
    [InlineData("  zoo: lenet", "  layers: [{linear: {out_features: 1, weight_init: {kind: xavier_unifrom}}}]",
        "3:59: model.layers[0].linear.weight_init.kind: must be kaiming_uniform, kaiming_normal, xavier_uniform, xavier_normal, normal or constant, got 'xavier_unifrom', did you mean 'xavier_uniform'?")]
    [InlineData("fashion-mnist", "imagenet", "5:12: data.dataset: must be fashion-mnist, mnist, kmnist, cifar-10 or cifar-100, got 'imagenet'")]
    [InlineData("zoo: lenet", "zoo: &a lenet", "3:8: model.zoo: '&a': anchors are not read; write each value where it belongs")]
    [InlineData("zoo: lenet", "zoo: *a", "3:8: model.zoo: '*a': aliases are not read; write the value out")]
    [InlineData("zoo: lenet", "zoo: !!str lenet", "3:8: model.zoo: 'tag:yaml.org,2002:str': tags are not read; a field's type is known")]
    [InlineData("zoo: lenet", "zoo: lenet\n  [1]: 2", "4:3: model: a field's name is expected here, got a list")]
    [InlineData("lr: 0.9", "lr: 0.9\n---\nname: other", "12:1: a second document starts here; a job file holds one job")]
    [InlineData("lr: 0.9", "lr: 0.9\ncluster: {min_workers: 5, max_workers: 4}", "12:24: cluster.min_workers: must be at most max_workers (4), got 5")]
    [InlineData("lr: 0.9", "lr: 0.9\ncluster: {device: openCL}", "12:19: cluster.device: must be auto, cpu, cuda or opencl, got 'openCL', did you mean 'opencl'?")]
    [InlineData("lr: 0.9", "lr: 1e-400", "11:11: training.optimizer.sgd.lr: '1e-400' is too small for a number of double precision; its smallest is 5e-324")]
    [InlineData("lr: 0.9", "lr: 0e-400", "11:11: training.optimizer.sgd.lr: must be greater than 0, got 0")]
    public void EveryFaultIsPlaced(string from, string to, string expected)
    {
        var text = Good.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Good, text);

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml"));

        var lines = expected
            .Replace("EITHER_KIND", $"{string.Join(", ", Kinds[..^1])} or {Kinds[^1]}", StringComparison.Ordinal)
            .Replace("ALL_KINDS", string.Join(", ", Kinds), StringComparison.Ordinal)
            .Split('|');
        Assert.Equal(lines.Select(line => $"j.yaml:{line}"), error.Faults.Select(fault => fault.ToString()));
    }

    [Fact]
    public void All_faults_are_reported_at_once_in_the_order_of_the_file()
    {
        var text = Good.Replace("lenet", "[1]", StringComparison.Ordinal).Replace("epochs", "epoch", StringComparison.Ordinal).Replace("0.9", "-1", StringComparison.Ordinal);

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml"));

        Assert.Equal(
            """
            j.yaml:3:8: model.zoo: expected a single value, got a list
            j.yaml:6:1: training.epochs: is required
            j.yaml:7:3: training.epoch: unknown field, did you mean 'epochs'?
            j.yaml:11:11: training.optimizer.sgd.lr: must be greater than 0, got -1
            """,
            error.Message);
    }

    [Theory]
    [InlineData("", "1:1: the file is empty; a job file starts with a line like 'name: my-first-job'")]
    [InlineData("# nothing\n", "1:1: the file is empty; a job file starts with a line like 'name: my-first-job'")]
    [InlineData("just text", "1:1: expected fields (name, model, data, training, cluster, log), got 'just text'")]
    [InlineData("- a\n- b", "1:1: expected fields (name, model, data, training, cluster, log), got a list")]
    public void What_is_no_job_at_all_is_one_fault(string text, string expected) =>
        Assert.Equal($"j.yaml:{expected}", Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml")).Faults[0].ToString());

    [Fact]
    public void Syntax_errors_have_their_place()
    {
        var error = Assert.Throws<JobFileException>(() => JobFile.Parse("name: a\nmodel: {zoo: lenet\n", "j.yaml"));

        Assert.StartsWith("j.yaml:3:1: not YAML: ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Found by fuzzing: YamlDotNet has another exception for it.</summary>
    [Fact]
    public void A_tag_that_is_no_uri_is_no_YAML()
    {
        var error = Assert.Throws<JobFileException>(() => JobFile.Parse("data: {idx: {!!te[st: a}}\n", "j.yaml"));

        Assert.Contains(": not YAML: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: a\nmodel:\n\tzoo: lenet\n", "3:1")]
    [InlineData("name: a\nmodel:\n  layers:\n  - relu: {}\n\t- relu: {}\n", "5:1")]
    public void A_tab_that_indents_is_reported_where_it_stands(string text, string place)
    {
        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml"));

        Assert.Equal($"j.yaml:{place}: a tab stands here; YAML indents with spaces", error.Faults[0].ToString());
    }

    [Fact]
    public void Nobody_reads_thousands_of_faults()
    {
        var text = Good.Replace("  zoo: lenet", "  layers:" + string.Concat(Enumerable.Repeat("\n  - relo: {}", 5000)), StringComparison.Ordinal);

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml"));

        Assert.Equal(200, error.Faults.Count);
        Assert.EndsWith("\n... and 180 more", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused_and_not_followed()
    {
        var text = "name: " + new string('[', 100_000) + new string(']', 100_000);

        var error = Assert.Throws<JobFileException>(() => JobFile.Parse(text, "j.yaml"));

        Assert.Contains("YAML nested deeper than 155 levels", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_cannot_be_read_are_named()
    {
        var folder = Directory.CreateTempSubdirectory("jobfile").FullName;
        var bytes = Path.Combine(folder, "bytes.yaml");
        File.WriteAllBytes(bytes, [0x6e, 0x3a, 0x20, 0xff, 0xfe]);
        var large = Path.Combine(folder, "large.yaml");
        File.WriteAllText(large, new string('#', JobFile.MaxBytes + 1));

        Assert.Equal("no/such.yaml: no such file", Assert.Throws<JobFileException>(() => JobFile.Read("no/such.yaml")).Message);
        Assert.Equal($"{bytes}: not UTF-8 text: invalid byte at offset 3", Assert.Throws<JobFileException>(() => JobFile.Read(bytes)).Message);
        Assert.Equal($"{large}: has 1048577 bytes; a job file has at most 1048576", Assert.Throws<JobFileException>(() => JobFile.Read(large)).Message);
        Assert.Throws<JobFileException>(() => JobFile.Read(folder));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Layers_become_json_with_the_names_of_the_proto()
    {
        var json = JobFile.ModelJson(JobFile.Parse(Layers, "j.yaml").Model);

        Assert.Equal(
            """[{"conv2d":{"out_channels":6,"kernel_size":[5],"padding":[2,1],"bias":false}},{"sigmoid":{}},{"flatten":{}},"""
            + """{"linear":{"out_features":10,"weight_init":{"kind":"xavier_uniform"}}}]""",
            json);
    }
}
