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
    [InlineData("fc.*", "training.parameter_groups[0].pattern: 'fc.*' matches no running statistics; the first ones are bn1.running_mean, bn1.running_var")]
    [InlineData("*_mean", "training.parameter_groups: freeze bn1.running_mean and not bn1.running_var; expected both of a layer, or none")]
    public void Both_statistics_of_a_layer_are_frozen_or_none(string pattern, string? problem) =>
        Assert.Equal(problem, Record.Exception(() => Recipe(new ParameterGroup(pattern, FrozenStatistics: true)).CheckFits(Model))?.Message);

    [Fact]
    public void A_model_without_statistics_has_none_to_freeze()
    {
        var model = Model.FromJson("""[{"flatten":{}},{"linear":{"out_features":3}}]""", new Shape(2, 1, 3));

        Assert.Equal(
            "training.parameter_groups[0].pattern: '*' matches no running statistics; the model has none",
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

    /// <summary>What the first group says that says something of them; groups of parameters alone say nothing.</summary>
    [Theory]
    [InlineData(true, null, true, false)]
    [InlineData(true, true, false, null)]
    [InlineData(false, null, false, true)]
    [InlineData(false, false, true, null)]
    [InlineData(false, null, null, null)]
    public void Of_statistics_the_first_group_counts_that_says_something_of_them(bool frozen, bool? first, bool? second, bool? third)
    {
        var recipe = Recipe([.. new[] { first, second, third }.Select((each, i) => new ParameterGroup("bn1.*", LearningRate: i + 1, FrozenStatistics: each))]);

        Assert.Equal((frozen, frozen), (recipe.FreezesStatistic("bn1.running_mean"), recipe.FreezesStatistic("bn1.running_var")));
        Assert.False(recipe.FreezesStatistic("bn2.running_var"));
    }

    [Fact]
    public void A_group_that_leaves_statistics_as_they_are_takes_no_parameters_away()
    {
        Assert.True(new ParameterGroup("*", FrozenStatistics: false).IsOfStatisticsAlone);
        Assert.False(new ParameterGroup("*", LearningRate: 1, FrozenStatistics: false).IsOfStatisticsAlone);
        const string Training = """{"epochs":1,"optimizer":{"sgd":{"lr":0.1}},"parameter_groups":[{"pattern":"bn1.*","frozen_statistics":false},{"pattern":"*","lr":0.5}]}""";
        var recipe = TrainingRecipe.FromJson(Training);
        Assert.Equal([false, null], recipe.ParameterGroups.Select(group => group.FrozenStatistics));
        Assert.Equal(recipe.ParameterGroups, TrainingRecipe.FromJson(recipe.ToJson()).ParameterGroups);
    }

    private static TrainingRecipe Recipe(params ParameterGroup[] groups) => new(new Sgd(0.1)) { ParameterGroups = groups };
}
