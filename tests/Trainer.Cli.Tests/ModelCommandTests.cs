using Trainer.Cli.Models;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training.Planning;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer models, trainer model describe, and the examples' models.</summary>
public sealed class ModelCommandTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public static TheoryData<string> Examples => [.. Directory.GetFiles(Folder, "*.yaml").Select(file => Path.GetFileName(file))];

    public static TheoryData<string> Networks => [.. Zoo.Names];

    private static string Folder { get; } = Path.Combine(Repository.Root, "examples");

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Models_lists_the_zoo()
    {
        var text = await CommandRun.InAsync(_home.Path, "models");
        var json = await CommandRun.InAsync(_home.Path, "models", "-o", "json");

        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.Matches(@"(?m)^lenet +61,706 +1x28x28 +LeNet", text.Output);
        var models = json.JsonLines.Single()["models"]!.AsArray();
        Assert.Equal(Zoo.Names, models.Select(model => (string)model!["name"]!));
        Assert.Equal([3, 32, 32], models.Single(model => (string?)model!["name"] == "cnn-rgb32")!["input"]!.AsArray().Select(size => (int)size!));
    }

    [Fact]
    public async Task Describe_shows_each_layer_and_what_all_cost()
    {
        var run = await CommandRun.InAsync(_home.Path, "model", "describe", "lenet");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal(
            """
            LAYER  KIND        OUTPUT    PARAMETERS  MULTIPLY-ADDS  ACTIVATIONS  SEES
                   input       1x28x28                              3.1 KiB
            0      conv2d      6x28x28   156         117,600        18.4 KiB     5x5
            1      sigmoid     6x28x28                              18.4 KiB     5x5
            2      avg_pool2d  6x14x14                              4.6 KiB      6x6
            3      conv2d      16x10x10  2,416       240,000        6.3 KiB      14x14
            4      sigmoid     16x10x10                             6.3 KiB      14x14
            5      avg_pool2d  16x5x5                               1.6 KiB      16x16
            6      flatten     400                                               32x32
            7      linear      120       48,120      48,000         480 B        32x32
            8      sigmoid     120                                  480 B        32x32
            9      linear      84        10,164      10,080         336 B        32x32
            10     sigmoid     84                                   336 B        32x32
            11     linear      10        850         840            40 B         32x32

              parameters     61,706 (241.0 KiB)
              multiply-adds  416,520 an image, forward
            """.Trim(),
            string.Join('\n', run.Output.Split('\n')[..17]));
        Assert.Contains("beside the parameters", run.Output);
    }

    [Fact]
    public async Task Describe_as_json_has_the_same_numbers()
    {
        var run = await CommandRun.InAsync(_home.Path, "model", "describe", "resnet18", "--input", "3,64,96", "--classes", "7", "-o", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        var model = run.JsonLines.Single();
        Assert.Equal([3, 64, 96], model["input"]!.AsArray().Select(size => (int)size!));
        var layers = model["layers"]!.AsArray();
        Assert.Equal((long)model["parameters"]!, layers.Sum(layer => (long)layer!["parameters"]!));
        Assert.Equal([7], layers[^1]!["output"]!.AsArray().Select(size => (int)size!));
        Assert.Equal("2.0.conv1", (string?)layers.First(layer => (string?)layer!["name"] == "2.0.conv1")!["name"]);
        Assert.Contains(layers, layer => (string?)layer!["kind"] == "sum");
        Assert.InRange((long)model["evaluation_bytes"]!, 1, (long)model["training_bytes"]! - 1);
    }

    [Theory]
    [InlineData(new[] { "describe", "lenot" }, "No network is called 'lenot', and there is no such file.\nNetworks: lenet, ")]
    [InlineData(new[] { "describe", "lenet", "--input", "1,8,8" }, "lenet: this model cannot be built.\n  layers[3].conv2d: input (6,4,4) with padding (0,0) is smaller than the kernel (5,5)\n")]
    public async Task What_cannot_be_described_is_said(string[] arguments, string errors)
    {
        var run = await CommandRun.InAsync(_home.Path, ["model", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(errors, run.Errors);
        Assert.Empty(run.Output);
    }

    /// <summary>Every example is a model for its data; those of files that are not there get images of the size that their comments name.</summary>
    [Theory]
    [MemberData(nameof(Examples))]
    public void The_model_of_every_example_can_be_built(string file)
    {
        var path = Path.Combine(Folder, file);
        var spec = JobFile.Read(path);
        Shape? own = spec.Data.Dataset.Length > 0 ? null
            : spec.Data.ImageFolder is not null ? new Shape(3, 64, 64)
            : spec.Model.Zoo == "cnn-rgb32" ? new Shape(3, 32, 32) : new Shape(1, 28, 28);

        var model = ModelSource.Open(path, own, own is null ? null : 10);

        Assert.Equal(10, model.Classes);
    }

    [Fact]
    public void Every_network_of_the_zoo_has_an_example()
    {
        var used = Directory.GetFiles(Folder, "*.yaml").Select(file => JobFile.Read(file).Model.Zoo).ToHashSet();

        Assert.Empty(Zoo.Names.Except(used));
    }

    [Theory]
    [InlineData("vgg11-blocks.yaml", "vgg11-fashion-mnist.yaml")]
    [InlineData("lenet-layers.yaml", "lenet-fashion-mnist.yaml")]
    public void Examples_that_spell_a_network_out_are_that_network(string spelled, string named) => Assert.Equal(
        ModelSource.Open(Path.Combine(Folder, named), null, null).ToJson(),
        ModelSource.Open(Path.Combine(Folder, spelled), null, null).ToJson());

    /// <summary>A model made in C# is a job file's model section, and that is the model again: names, options and initialisers.</summary>
    [Theory]
    [MemberData(nameof(Networks))]
    public void A_model_can_be_saved_in_a_job_file_and_read_back(string network)
    {
        var model = Zoo.Create(network, Zoo.Entries.Single(entry => entry.Name == network).Input, 10);
        var spec = JobFile.Read(Path.Combine(Folder, "lenet-layers.yaml"));

        spec.Model = JobFile.ModelOfJson(model.ToJson());
        var read = JobFile.Parse(JobFile.Write(spec), "/jobs/saved.yaml");
        var pasted = JobFile.Parse(
            $$"""
            name: {{spec.Name}}
            model:
              layers: {{model.ToJson()}}
            data: { dataset: fashion-mnist }
            training:
              epochs: 10
              batch_size: 256
              optimizer: { sgd: { lr: 0.9 } }
            """,
            "/jobs/pasted.yaml");

        Assert.Equal(spec, read);
        Assert.Equal(spec.Model, pasted.Model); // JSON is YAML
        var back = ModelSource.Build(JobRules.WithDefaults(read), network, model.Input);
        Assert.Equal(model.ToJson(), back.ToJson());
        Assert.Equal(ModelSummary.Of(model).Layers.Select(layer => layer with { Inputs = [] }), ModelSummary.Of(back).Layers.Select(layer => layer with { Inputs = [] }));
        Assert.Equal(ModelSummary.Of(model).Layers.Select(layer => layer.Inputs), ModelSummary.Of(back).Layers.Select(layer => layer.Inputs));
    }
}
