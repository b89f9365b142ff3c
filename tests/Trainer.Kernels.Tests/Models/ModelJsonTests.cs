using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Tests.Models;

public class ModelJsonTests
{
    private static string Kinds { get; } = string.Join(", ", new KindFamily(typeof(Module)).Words);

    private const string LeNet = """
        [
          {"conv2d": {"out_channels": 6, "kernel_size": [5], "padding": [2], "weight_init": {"kind": "xavier_uniform"}}},
          {"sigmoid": {}},
          {"avg_pool2d": {"kernel_size": [2], "stride": [2]}},
          {"conv2d": {"out_channels": 16, "kernel_size": [5, 5], "stride": [1], "padding": [0], "bias": true, "weight_init": {"kind": "xavier_uniform"}}},
          {"sigmoid": {}},
          {"avg_pool2d": {"kernel_size": [2, 2]}},
          {"flatten": {}},
          {"linear": {"out_features": 120, "weight_init": {"kind": "xavier_uniform"}}},
          {"sigmoid": {}},
          {"linear": {"out_features": 84, "weight_init": {"kind": "xavier_uniform"}}},
          {"sigmoid": {}},
          {"linear": {"out_features": 10, "weight_init": {"kind": "xavier_uniform"}}}
        ]
        """;

    [Fact]
    public void The_layers_of_lenet_are_the_zoo_s()
    {
        var (read, zoo) = (Model.FromJson(LeNet, new Shape(1, 28, 28)), Zoo.LeNet());

        Assert.Equal(zoo.ToJson(), read.ToJson());
        Assert.Equal(ParameterLayout.Of(zoo).Slots, ParameterLayout.Of(read).Slots);
        Assert.Equal(
            zoo.Graph.Layers.SelectMany(node => node.Parameters).Select(parameter => parameter.Initial),
            read.Graph.Layers.SelectMany(node => node.Parameters).Select(parameter => parameter.Initial));
    }

    [Fact]
    public void Every_option_survives_writing_and_reading()
    {
        var model = new Model(
            new Shape(2, 19, 23),
            new Conv2d(3, (3, 5)) { Stride = (2, 1), Padding = (1, 3), Bias = false, WeightInit = WeightInit.XavierUniform },
            new Sequential(new Sigmoid(), new AvgPool2d((3, 2)) { Stride = (1, 2), Padding = (1, 0) }, new AvgPool2d(2)),
            new Flatten(),
            new Linear(7) { Bias = false },
            new Linear(3) { WeightInit = WeightInit.XavierUniform });
        const string json = """[{"conv2d":{"out_channels":3,"kernel_size":[3,5],"stride":[2,1],"padding":[1,3],"bias":false,"""
            + "\"weight_init\":{\"kind\":\"xavier_uniform\"}}},"
            + """{"sequential":{"layers":[{"sigmoid":{}},{"avg_pool2d":{"kernel_size":[3,2],"stride":[1,2],"padding":[1,0]}},"""
            + """{"avg_pool2d":{"kernel_size":[2]}}]}},"""
            + """{"flatten":{}},{"linear":{"out_features":7,"bias":false}},{"linear":{"out_features":3,"weight_init":{"kind":"xavier_uniform"}}}]""";

        Assert.Equal(json, model.ToJson());
        Assert.Equal(json, Model.FromJson(json, model.Input).ToJson());
    }

    [Fact]
    public void A_module_prints_as_a_job_file_has_it() => Assert.Equal("""{"linear":{"out_features":10,"bias":false}}""", $"{new Linear(10) { Bias = false }}");

    [Fact]
    public void One_number_stands_for_a_list_of_it_as_in_job_files() => Assert.Equal(
        Model.FromJson("""[{"zero_pad2d":{"padding":[2]}},{"conv2d":{"out_channels":3,"kernel_size":[3]}}]""", new Shape(1, 5, 7)).ToJson(),
        Model.FromJson("""[{"zero_pad2d":{"padding":2}},{"conv2d":{"out_channels":3,"kernel_size":3}}]""", new Shape(1, 5, 7)).ToJson());

    [Theory]
    [InlineData("""{"linear":{}}""", "layers", """found {"linear":{}}; expected a list of objects that each name a kind""")]
    [InlineData("3", "layers", "found 3; expected a list of objects that each name a kind")]
    [InlineData("""[7]""", "layers[0]", "found 7; expected an object that names one kind")]
    [InlineData("""[{"leaky_rellu":{}}]""", "layers[0].leaky_rellu", "no such kind, did you mean 'leaky_relu'?")]
    [InlineData("""[{"flatten":null}]""", "layers[0].flatten", "found null; expected an object")]
    [InlineData("""[{"linear":{}}]""", "layers[0].linear.out_features", "missing")]
    [InlineData("""[{"linear":{"out_features":"7"}}]""", "layers[0].linear.out_features", "found \"7\"; expected a whole number below 2^31")]
    [InlineData("""[{"linear":{"out_features":1.5}}]""", "layers[0].linear.out_features", "found 1.5; expected a whole number below 2^31")]
    [InlineData("""[{"linear":{"out_features":4294967297}}]""", "layers[0].linear.out_features", "found 4294967297; expected a whole number below 2^31")]
    [InlineData("""[{"linear":{"out_features":0}}]""", "layers[0].linear.out_features", "0 is less than 1")]
    [InlineData("""[{"linear":{"out_features":2,"in_features":2}}]""", "layers[0].linear.in_features", "no such option, did you mean 'out_features'?")]
    [InlineData("""[{"linear":{"out_features":2,"out_features":3}}]""", "layers[0].linear.out_features", "given twice")]
    [InlineData("""[{"linear":{"out_features":2,"bias":1}}]""", "layers[0].linear.bias", "found 1; expected true or false")]
    [InlineData("""[{"linear":{"out_features":2,"weight_init":{}}}]""", "layers[0].linear.weight_init.kind", "missing")]
    [InlineData("""[{"linear":{"out_features":2,"weight_init":{"kind":"zeros"}}}]""",
        "layers[0].linear.weight_init.kind", "found \"zeros\"; expected one of kaiming_uniform, xavier_uniform, kaiming_normal, xavier_normal, normal, constant")]
    [InlineData("""[{"linear":{"out_features":2,"weight_init":{"kind":"xavier_uniform","gain":2}}}]""", "layers[0].linear.weight_init.gain", "no such option, known here: kind, mean, std, value")]
    [InlineData("""[{"conv2d":{"out_channels":2,"kernel_size":"3"}}]""", "layers[0].conv2d.kernel_size", "found \"3\"; expected [both] or [height, width]")]
    [InlineData("""[{"conv2d":{"out_channels":2,"kernel_size":[]}}]""", "layers[0].conv2d.kernel_size", "found []; expected [both] or [height, width]")]
    [InlineData("""[{"conv2d":{"out_channels":2,"kernel_size":[1,2,3]}}]""",
        "layers[0].conv2d.kernel_size", "found [1,2,3]; expected [both] or [height, width]")]
    [InlineData("""[{"zero_pad2d":{"padding":[1,2]}}]""", "layers[0].zero_pad2d.padding", "found [1,2]; expected [all] or [left, right, top, bottom]")]
    [InlineData("""[{"sequential":{"layers":[{"linear":{"out":2}}]}}]""", "layers[0].sequential.layers[0].linear.out_features", "missing")]
    public void What_is_not_a_model_is_refused_with_its_place(string json, string path, string problem) =>
        ModelTests.Refused(path, problem, () => Model.FromJson(json, new Shape(1, 4, 4)));

    [Theory]
    [InlineData("""[{"flatten":{}},{}]""", "layers[1]", 0)]
    [InlineData("""[{"flatten":{},"sigmoid":{}}]""", "layers[0]", 2)]
    public void A_layer_is_of_one_kind(string json, string path, int kinds) =>
        ModelTests.Refused(path, $"names {kinds} kinds; expected one of {Kinds}", () => Model.FromJson(json, new Shape(1, 4, 4)));

    [Theory]
    [InlineData("")]
    [InlineData("[{")]
    [InlineData("[{\"flatten\":{}}]]")]
    public void What_is_not_json_is_refused(string json)
    {
        var refused = Assert.Throws<ModelException>(() => Model.FromJson(json, new Shape(1, 4, 4)));
        Assert.Equal("layers", refused.Path);
        Assert.StartsWith("not JSON: ", refused.Problem, StringComparison.Ordinal);
    }
}
