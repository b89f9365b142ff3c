using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Their values beside PyTorch's are in the golden trainings.</summary>
public sealed class FrozenStatisticsTests
{
    private const string Layers = """[{"name":"bn1","batch_norm2d":{}},{"flatten":{}},{"name":"fc","linear":{"out_features":3}}]""";

    private static readonly Model Model = Model.FromJson(Layers, new Shape(2, 1, 3));

    [Theory]
    [InlineData("bn1.*", null)]
    [InlineData("*", null)]
    [InlineData("bn1.running_*", null)]
    [InlineData("fc.*", "training.parameter_groups[0].pattern: 'fc.*' matches no running statistics to freeze; the first ones are bn1.running_mean, bn1.running_var")]
    [InlineData("*_mean", "training.parameter_groups: freeze bn1.running_mean and not bn1.running_var; expected both of a layer, or none")]
    public void Both_statistics_of_a_layer_are_frozen_or_none(string pattern, string? problem) =>
        Assert.Equal(problem, Record.Exception(() => Recipe(new ParameterGroup(pattern, FrozenStatistics: true)).CheckFits(Model))?.Message);

    [Fact]
    public void A_model_without_statistics_has_none_to_freeze()
    {
        var model = Model.FromJson("""[{"flatten":{}},{"linear":{"out_features":3}}]""", new Shape(2, 1, 3));

        Assert.Equal(
            "training.parameter_groups[0].pattern: '*' matches no running statistics to freeze; the model has none",
            Assert.Throws<ModelException>(() => Recipe(new ParameterGroup("*", FrozenStatistics: true)).CheckFits(model)).Message);
    }

    /// <summary>A group that freezes statistics alone leaves parameters to those behind it.</summary>
    [Fact]
    public void Parameters_belong_to_the_group_that_says_something_of_them()
    {
        using var device = CpuDevice.Create(1);
        float[] Trained(params ParameterGroup[] groups)
        {
            using var trainer = new LocalTrainer(Model, device, Recipe(groups), 4, seed: 3, shards: 1);
            trainer.TrainEpoch(Kernels.Data.DataSet.FromArrays(new Shape(2, 1, 3), Enumerable.Range(0, 48).Select(i => (byte)(i * 41)).ToArray(), [0, 1, 2, 0, 1, 2, 0, 1]));
            return trainer.Network.Weights.ToArray();
        }

        var (statistics, rate) = (new ParameterGroup("*", FrozenStatistics: true), new ParameterGroup("fc.*", Frozen: true));
        var (both, first) = (Trained(statistics, rate), Trained(rate, statistics));
        Assert.Equal(first, both);
        Assert.NotEqual(both, Trained(statistics));
        Assert.NotEqual(both, Trained(rate));
    }

    private static TrainingRecipe Recipe(params ParameterGroup[] groups) => new(new Sgd(0.1)) { ParameterGroups = groups };
}
