using System.Text.Json.Nodes;
using Json.Schema;
using YamlDotNet.RepresentationModel;

namespace Trainer.Protos.Tests.JobFiles;

/// <summary>The JSON Schema of job files, read by an independent validator.</summary>
public sealed class JobSchemaTests
{
    private const string Job = """
        name: small
        model: {layers: [conv2d: {out_channels: 4, kernel_size: 3}, relu: , dropout: {p: 0.5}]}
        data: {dataset: fashion-mnist}
        training: {epochs: 2, batch_size: 64, optimizer: {sgd: {lr: 0.9}}}
        """;

    private static readonly JsonSchema Schema = JsonSchema.FromText(JobSchema.Create().ToJsonString());

    public static TheoryData<string> Examples { get; } = [.. Directory.EnumerateFiles(Repository.Folder("examples"), "*.yaml")];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_keeps_it(string file) => Assert.True(IsValid(File.ReadAllText(file)));

    [Theory]
    [InlineData("epochs: 2", "epochs: 3", true)]
    [InlineData("epochs: 2", "epochs: 0", false)]
    [InlineData("epochs: 2", "epochs: 2.5", false)]
    [InlineData("epochs: 2", "epochs: '2'", false)]
    [InlineData("epochs: 2", "epoch: 2", false)]
    [InlineData("epochs: 2, ", "", false)]
    [InlineData("kernel_size: 3", "kernel_size: [3, 5]", true)]
    [InlineData("kernel_size: 3", "kernel_size: [3, 5, 7]", false)]
    [InlineData("p: 0.5", "p: 1.5", false)]
    [InlineData("p: 0.5", "q: 0.5", false)]
    [InlineData("relu: ", "repeat: {times: 2, layers: [relu: ]}", true)]
    [InlineData("relu: ", "repeat: {times: 0, layers: [relu: ]}", false)]
    [InlineData("{layers: [", "{blocks: {b: [relu: ]}, layers: [b: , ", true)]
    [InlineData("{layers: [", "{zoo: lenet, layers: [", false)]
    [InlineData("{sgd: {lr: 0.9}}", "{sgd: {lr: 0.9}, adam: {}}", false)]
    [InlineData("{sgd: {lr: 0.9}}", "{adam: }", true)]
    [InlineData("fashion-mnist", "imagenet", false)]
    [InlineData("name: small", "name: Small", false)]
    public void It_takes_and_refuses_what_the_reader_does(string from, string to, bool valid)
    {
        var text = Job.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Job, text);

        Assert.Equal(valid, IsValid(text));
        Assert.Equal(valid, Record.Exception(() => JobFile.Parse(text, "j.yaml")) is null);
    }

    [Fact]
    public void Editors_show_the_comments_of_the_fields()
    {
        var training = JobSchema.Create()["$defs"]!["Training"]!["properties"]!;

        Assert.Equal("samples of one step, on all workers together", training["batch_size"]!["description"]!.GetValue<string>());
    }

    private static bool IsValid(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return Schema.Evaluate(Json(stream.Documents[0].RootNode)).IsValid;
    }

    private static JsonNode? Json(YamlDotNet.RepresentationModel.YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Json(child.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: not YamlDotNet.Core.ScalarStyle.Plain } text => text.Value,
        YamlScalarNode { Value: "" or "~" or "null" or null } => null,
        YamlScalarNode { Value: "true" or "false" } truth => truth.Value == "true",
        YamlScalarNode number when double.TryParse(number.Value, System.Globalization.CultureInfo.InvariantCulture, out var value) =>
            value == Math.Floor(value) && Math.Abs(value) < 1e15 ? (long)value : value,
        YamlScalarNode text => text.Value,
        _ => throw new NotSupportedException($"{node.NodeType}"),
    };
}
