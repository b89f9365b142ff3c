using Trainer.Kernels;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.Training;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Tests.Training;

public class RehearsalTests
{
    private static readonly JobParameters Parameters = new(BatchSize: 29, Shards: 8, GroupShards: 2, Epochs: 1, EvaluateEvery: 1, Seed: 0, Shuffle: true);

    [Fact]
    public void It_takes_a_step_and_an_evaluation_and_comes_to_the_same_each_time()
    {
        var model = new Model(new Shape(1, 11, 13), new Conv2d(3, 3), new BatchNorm2d(), new Sigmoid(), new AvgPool2d(2), new Flatten(), new Linear(7));
        var recipe = new TrainingRecipe(new Sgd(LearningRate: 0.1, Momentum: 0.9));

        Assert.Equal(Rehearsal.Run(model, recipe, Parameters), Rehearsal.Run(model, recipe, Parameters));
    }

    [Fact]
    public void Small_models_are_rehearsed_and_large_ones_are_not()
    {
        Assert.True(Rehearsal.IsWorthwhile(Zoo.Create("lenet", new Shape(1, 28, 28), 10), Parameters));
        Assert.False(Rehearsal.IsWorthwhile(Zoo.Create("resnet18", new Shape(3, 32, 32), 10), Parameters));
        Assert.False(Rehearsal.IsWorthwhile(new Model(new Shape(3, 96, 96), new AdaptiveAvgPool2d(1), new Flatten(), new Linear(2)), Parameters));
        Assert.False(Rehearsal.IsWorthwhile(Zoo.Create("lenet", new Shape(1, 28, 28), 10), Parameters with { Shards = 64 }));
    }

    [Fact]
    public void Of_a_model_that_cannot_be_built_it_says_nothing()
    {
        using var device = CpuDevice.Create(1);
        var recipe = new TrainingRecipe(new Sgd(LearningRate: 0.1));
        var isAsked = false;
        using (Rehearsal.Start(device, new Protos.JobSpec { Training = new Protos.Training { BatchSize = 29 } }, recipe, Build))
        {
        }

        Assert.True(isAsked);

        Model Build()
        {
            isAsked = true;
            throw new ModelException("model.layers[0]", "does not fit");
        }
    }
}
