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

    private static Kernels.Models.Model Layers(string example) => Kernels.Models.Model.FromJson(
        JobFile.ModelJson(JobFile.Read(Path.Combine(Repository.Root, "examples", example)).Model), FashionMnist);
}
