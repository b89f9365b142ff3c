using Microsoft.ML.OnnxRuntime;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Formats.Onnx;

/// <summary>ONNX files against ONNX Runtime: every layer with its options, and every network of the zoo.</summary>
public sealed class OnnxTests
{
    // Sizes are odd and unequal, so that a transposed dimension is found.
    [Theory]
    [InlineData("""{"conv2d":{"out_channels":6,"kernel_size":[3,5],"stride":[2,1],"padding":[1,3],"dilation":[2,1],"groups":2}}""", 4, 13, 11)]
    [InlineData("""{"conv2d":{"out_channels":5,"kernel_size":[4,3],"auto_padding":"same","dilation":[1,3],"bias":false}}""", 3, 9, 11)]
    [InlineData("""{"conv2d":{"out_channels":7,"kernel_size":[3],"groups":7}}""", 7, 5, 6)]
    [InlineData("""{"max_pool2d":{"kernel_size":[3,2],"stride":[2,3],"padding":[1,0]}}""", 3, 11, 14)]
    [InlineData("""{"max_pool2d":{"kernel_size":[3,2],"stride":[2,3],"padding":[1,0],"ceil_mode":true}}""", 3, 10, 15)]
    [InlineData("""{"max_pool2d":{"kernel_size":[2,3],"stride":[3,2],"padding":[1,1],"dilation":[4,2],"ceil_mode":true}}""", 2, 13, 12)]
    [InlineData("""{"avg_pool2d":{"kernel_size":[3,2],"stride":[2,3],"padding":[1,0]}}""", 3, 11, 14)]
    [InlineData("""{"avg_pool2d":{"kernel_size":[3,2],"stride":[2,3],"padding":[1,1],"ceil_mode":true}}""", 3, 10, 15)]
    [InlineData("""{"avg_pool2d":{"kernel_size":[5,4],"stride":[4,3],"padding":[2,2],"ceil_mode":true,"count_include_pad":false}}""", 3, 10, 15)]
    [InlineData("""{"adaptive_avg_pool2d":{"output_size":[1]}}""", 5, 7, 9)]
    [InlineData("""{"adaptive_avg_pool2d":{"output_size":[2,3]}}""", 5, 4, 9)]
    [InlineData("""{"adaptive_avg_pool2d":{"output_size":[3,5]}}""", 2, 7, 11)]
    [InlineData("""{"adaptive_avg_pool2d":{"output_size":[9,4]}}""", 2, 5, 3)]
    [InlineData("""{"adaptive_max_pool2d":{"output_size":[3,5]}}""", 2, 9, 10)]
    [InlineData("""{"zero_pad2d":{"padding":[2,0,1,3]}}""", 3, 5, 2)]
    [InlineData("""{"batch_norm2d":{"eps":0.01}}""", 5, 3, 4)]
    [InlineData("""{"batch_norm2d":{"affine":false}}""", 5, 3, 4)]
    [InlineData("""{"group_norm":{"num_groups":3}}""", 6, 5, 7)]
    [InlineData("""{"group_norm":{"num_groups":2,"eps":0.1,"affine":false}}""", 6, 5, 7)]
    [InlineData("""{"dropout":{}}""", 3, 2, 2)]
    [InlineData("""{"dropout2d":{"p":0.9}}""", 3, 2, 2)]
    [InlineData("""{"local_response_norm":{"size":5}}""", 7, 5, 2)]
    [InlineData("""{"local_response_norm":{"size":3,"alpha":0.9,"beta":0.6,"k":0.7}}""", 5, 3, 2)]
    [InlineData("""{"relu":{}}""", 3, 5, 2)]
    [InlineData("""{"leaky_relu":{"negative_slope":0.3}}""", 3, 5, 2)]
    [InlineData("""{"elu":{"alpha":0.7}}""", 3, 5, 2)]
    [InlineData("""{"relu6":{}}""", 3, 5, 2)]
    [InlineData("""{"hardsigmoid":{}}""", 3, 5, 2)]
    [InlineData("""{"hardswish":{}}""", 3, 5, 2)]
    [InlineData("""{"prelu":{}}""", 3, 5, 2)]
    [InlineData("""{"prelu":{"num_parameters":3}}""", 3, 5, 2)]
    [InlineData("""{"sigmoid":{}}""", 3, 5, 2)]
    [InlineData("""{"tanh":{}}""", 3, 5, 2)]
    [InlineData("""{"gelu":{}}""", 3, 5, 2)]
    [InlineData("""{"gelu":{"approximate":"tanh"}}""", 3, 5, 2)]
    [InlineData("""{"silu":{}}""", 3, 5, 2)]
    [InlineData("""{"softmax":{}}""", 5, 3, 2)]
    [InlineData("""{"log_softmax":{}}""", 5, 3, 2)]
    [InlineData("""{"residual":{"layers":[{"conv2d":{"out_channels":3,"kernel_size":[1]}}]}}""", 3, 4, 5)]
    [InlineData("""{"residual":{"layers":[{"relu":{}}],"shortcut":[{"name":"down","conv2d":{"out_channels":3,"kernel_size":[1]}}]}}""", 3, 4, 5)]
    [InlineData("""{"concat":{"branches":[{},{"layers":[{"conv2d":{"out_channels":2,"kernel_size":[1]}}]},{"layers":[{"tanh":{}}]}]}}""", 3, 4, 5)]
    [InlineData("""{"multiply":{"branches":[{},{"layers":[{"adaptive_avg_pool2d":{"output_size":[1]}},{"sigmoid":{}}]},{"layers":[{"tanh":{}}]}]}}""", 3, 4, 5)]
    public void EveryLayerGivesWhatOnnxRuntimeGives(string layer, int channels, int height, int width) =>
        OnnxCase.MustAgree(
            layer,
            Model.FromJson($$$"""[{"conv2d":{"out_channels":{{{channels}}},"kernel_size":[1]}},{{{layer}}},{"flatten":{}}]""", new(channels, height, width)));

    [Theory]
    [InlineData("""{"batch_norm1d":{}}""")]
    [InlineData("""{"linear":{"out_features":5,"bias":false}}""")]
    [InlineData("""{"group_norm":{"num_groups":2}}""")]
    [InlineData("""{"prelu":{"num_parameters":6}}""")]
    [InlineData("""{"log_softmax":{}}, {"dropout":{}}""")]
    public void Layers_of_features_too(string layers) =>
        OnnxCase.MustAgree(layers, Model.FromJson($$$"""[{"flatten":{}},{"linear":{"out_features":6}},{{{layers}}}]""", new Shape(2, 3, 4)));

    [Fact]
    public void A_model_whose_output_is_no_operators_has_one_all_the_same() =>
        OnnxCase.MustAgree("dropout last", new Model(new Shape(2, 3, 3), new Conv2d(2, 1), new Residual(new Conv2d(2, 1)), new Flatten(), new Dropout()));

    [Fact]
    public void What_onnx_cannot_say_is_refused_by_name()
    {
        var model = new Model(new Shape(1, 7, 7), new Conv2d(2, 1), new Sequential(new AdaptiveMaxPool2d(3)), new Flatten(), new Linear(2));
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<ModelException>(() => OnnxFile.Write(folder.File("model.onnx"), model, new float[ParameterLayout.Of(model).Elements]));

        Assert.Equal(
            "layers[1].sequential.layers[0].adaptive_max_pool2d: ONNX has no adaptive_max_pool2d from (7,7) to (3,3), whose windows differ in size",
            error.Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Windows_of_an_even_number_of_channels_are_refused()
    {
        var model = new Model(new Shape(1, 3, 3), new Conv2d(5, 1), new LocalResponseNorm(4), new Flatten());
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<ModelException>(() => OnnxFile.Write(folder.File("model.onnx"), model, new float[ParameterLayout.Of(model).Elements]));

        Assert.Equal("layers[1].local_response_norm: ONNX has local_response_norm with odd sizes alone; its window of 4 channels would be another", error.Message);
    }

    [Fact]
    public void Tensors_keep_their_names_and_notes_are_in_the_file()
    {
        var model = new Model(new Shape(1, 4, 4), new Sequential(new Conv2d(2, 3) { Name = "conv" }) { Name = "stem" }, new Flatten(), new Linear(3));
        using var folder = new TemporaryFolder();
        var file = folder.File("model.onnx");

        OnnxFile.Write(file, model, new float[ParameterLayout.Of(model).Elements], [new("pixels", "0 to 1")]);

        using var session = new InferenceSession(file);
        Assert.Equal("Trainer", session.ModelMetadata.ProducerName);
        Assert.Equal("0 to 1", session.ModelMetadata.CustomMetadataMap["pixels"]);
        Assert.Equal([-1, 1, 4, 4], session.InputMetadata[OnnxFile.InputName].Dimensions);
        Assert.Equal([-1, 3], session.OutputMetadata[OnnxFile.OutputName].Dimensions);
        var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file));
        Assert.All(["stem.conv.weight", "stem.conv.bias", "2.weight", "2.bias"], name => Assert.Contains(name, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Too_few_weights_are_refused()
    {
        var model = new Model(new Shape(1, 2, 2), new Flatten(), new Linear(3));
        using var folder = new TemporaryFolder();

        Assert.Throws<ArgumentException>(() => OnnxFile.Write(folder.File("model.onnx"), model, new float[3]));
    }
}
