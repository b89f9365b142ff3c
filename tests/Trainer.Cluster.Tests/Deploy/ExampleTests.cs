using Trainer.Kernels;
using Trainer.Kernels.Models;
using Trainer.Protos;

namespace Trainer.Cluster.Tests.Deploy;

/// <summary>The examples' networks are such that they can be built.</summary>
public sealed class ExampleTests
{
    private static readonly Shape FashionMnist = new(1, 28, 28);

    [Fact]
    public void Lenets_layers_are_the_network_of_the_zoo() => Assert.Equal(Zoo.LeNet(FashionMnist, 10).ToJson(), Layers("lenet-layers.yaml").ToJson());

    [Fact]
    public void The_network_for_own_files_fits_images_of_28_pixels() => Assert.Equal(10, Layers("own-idx-files.yaml").Classes);

    [Fact]
    public void The_network_of_gates_is_built() => Assert.Equal(10, Layers("squeeze-excitation.yaml").Classes);

    /// <summary>60,965,224 with 1,000 classes and three color channels; less those of 990 classes, and of two channels in the first convolution.</summary>
    [Fact]
    public void The_alexnet_of_the_paper_has_its_parameters() =>
        Assert.Equal(60_965_224 - (990 * 4097) - (2 * 96 * 11 * 11), Layers("alexnet-paper.yaml", new Shape(1, 224, 224)).Parameters);

    private static Kernels.Models.Model Layers(string example, Shape? input = null) => Kernels.Models.Model.FromJson(
        JobFile.ModelJson(JobFile.Read(Path.Combine(Repository.Root, "examples", example)).Model), input ?? FashionMnist);
}
