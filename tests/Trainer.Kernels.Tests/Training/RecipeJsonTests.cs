using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Recipes as the training section of a job, both ways.</summary>
public sealed class RecipeJsonTests
{
    public static TheoryData<string> Sections { get; } =
    [
        """{"epochs":7,"optimizer":{"sgd":{"lr":0.1,"momentum":0.9,"weight_decay":0.0005,"nesterov":true}},"loss":{"cross_entropy":{"class_weights":[1,2.5],"label_smoothing":0.1}},"clip_grad_norm":1.5}""",
        """{"epochs":1,"optimizer":{"adam":{}},"loss":{"mse":{"reduction":"sum"}},"compute":"tf32","gradients":"bf16"}""",
        """{"epochs":3,"optimizer":{"rmsprop":{"centered":true}},"loss":{"bce_with_logits":{"pos_weight":[3]}},"schedule":{"warmup":{"steps":5},"cosine":{"t_max":3}}}""",
        """{"epochs":3,"optimizer":{"adagrad":{}},"early_stopping":{"patience":2,"metric":"accuracy","min_delta":0.01},"averaging":{"ema":{"decay":0.99}},"loss":{"cross_entropy":{}},"schedule":{"warmup":{"epochs":1},"constant":{}}}""",
        """{"epochs":3,"optimizer":{"sgd":{"lr":0.1}},"averaging":{"swa":{"start_epoch":2}},"loss":{"cross_entropy":{}}}""",
        """{"epochs":3,"optimizer":{"adamw":{"lr":0.01}},"loss":{"cross_entropy":{}},"parameter_groups":[{"pattern":"*.bias","weight_decay":0},{"pattern":"0.*","frozen":true},{"pattern":"1.*","lr":0.2,"frozen_epochs":2}]}""",
    ];

    [Theory]
    [MemberData(nameof(Sections))]
    public void What_is_written_is_what_was_read(string section) => Assert.Equal(section, TrainingRecipe.FromJson(section).ToJson());

    [Fact]
    public void What_is_as_it_is_by_default_is_left_out()
    {
        var recipe = new TrainingRecipe(new Sgd(LearningRate: 0.5)) { Precision = new Precision(ComputePrecision.Exact) };
        Assert.Equal("""{"optimizer":{"sgd":{"lr":0.5}},"loss":{"cross_entropy":{}}}""", recipe.ToJson());
    }
}
