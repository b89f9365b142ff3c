using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>What training is, beside the model and the data.</summary>
/// <param name="Optimizer">How weights follow from gradients.</param>
public sealed record TrainingRecipe(Optimizer Optimizer)
{
    /// <summary>Passes over the training set: where schedules end that end with it; null: nobody knows.</summary>
    public int? Epochs { get; init; }

    /// <summary>When training ends before its last epoch; null: never.</summary>
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>An average of the weights over steps, which evaluations look at and which is the result; null: none.</summary>
    public Averaging? Averaging { get; init; }

    public Loss Loss { get; init; } = new CrossEntropy();

    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;

    /// <summary>Parameters that differ from the rest.</summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups { get; init; } = [];

    /// <summary>Gradients whose norm over all parameters is larger are scaled to it (torch.nn.utils.clip_grad_norm_); null: never.</summary>
    public double? ClipGradNorm { get; init; }

    public Precision Precision { get; init; } = Precision.Exact;

    /// <summary>Flat buffers of a state beside the weights.</summary>
    internal int StateBuffers => Optimizer.StateBuffers + (Averaging is null ? 0 : 1);

    /// <summary>Reads the training section of a job file in its JSON form, as far as it says what a step is.</summary>
    /// <param name="training"><c>{"epochs":10,"optimizer":{"sgd":{"lr":0.1}},...}</c></param>
    /// <exception cref="ModelException">With the path of the field and what is wrong with it.</exception>
    public static TrainingRecipe FromJson(string training) => RecipeJson.Read(training);

    /// <summary>Likewise, with what the data asks of the loss: that it leaves out samples which cannot be read, or takes mixed ones.</summary>
    /// <param name="data">The job file's data section.</param>
    /// <exception cref="ModelException">With the path of the field and what is wrong with it.</exception>
    public static TrainingRecipe FromJson(string training, string data) => RecipeJson.Read(training, data);

    /// <summary>The way back of <see cref="FromJson(string)"/>.</summary>
    public string ToJson() => RecipeJson.Write(this);

    /// <summary>Whether loss and parameter groups fit a model.</summary>
    /// <exception cref="ModelException">With the path of the field and what is wrong with it.</exception>
    public void CheckFits(Model model)
    {
        if (Loss is { MixesLabels: true, Ignored: { } ignored })
        {
            throw new ModelException("training.loss", $"ignores samples with label {ignored}, and mixed samples have two labels: leave out mixup and cutmix, or ignore_index and on_error: skip");
        }

        CheckWeights("cross_entropy.class_weights", (Loss as CrossEntropy)?.ClassWeights, model);
        CheckWeights("bce_with_logits.weight", (Loss as BinaryCrossEntropy)?.Weight, model);
        CheckWeights("bce_with_logits.pos_weight", (Loss as BinaryCrossEntropy)?.PosWeight, model);

        var names = model.Graph.Layers.SelectMany(node => node.ParameterNames).ToList();
        CheckStatistics(model);
        for (var i = 0; i < ParameterGroups.Count; i++)
        {
            if (!ParameterGroups[i].IsOfStatisticsAlone && !names.Exists(ParameterGroups[i].Matches))
            {
                throw new ModelException(
                    $"training.parameter_groups[{i}].pattern",
                    $"'{ParameterGroups[i].Pattern}' matches no parameter; the first ones are {string.Join(", ", names.Take(4))}");
            }
        }
    }

    /// <summary>The first epoch, from 1, behind whose training running statistics are estimated for the averaged weights (<see cref="Network.Estimate"/>), as behind all that follow; null: none is.</summary>
    public int? FirstEstimate(Model model) => Averaging is Swa swa && model.Graph.Layers.Any(node => node.StatisticNames.Any(name => !FreezesStatistic(name))) ? swa.StartEpoch : null;

    /// <summary>Whether a running statistic stays as it is.</summary>
    internal bool FreezesStatistic(string name) => ParameterGroups.FirstOrDefault(group => group.FrozenStatistics is not null && group.Matches(name))?.FrozenStatistics == true;

    private void CheckStatistics(Model model)
    {
        var names = model.Graph.Layers.SelectMany(node => node.StatisticNames).ToList();
        for (var i = 0; i < ParameterGroups.Count; i++)
        {
            if (ParameterGroups[i].FrozenStatistics is not null && !names.Exists(ParameterGroups[i].Matches))
            {
                throw new ModelException(
                    $"training.parameter_groups[{i}].pattern",
                    $"'{ParameterGroups[i].Pattern}' matches no running statistics; {(names.Count > 0 ? $"the first ones are {string.Join(", ", names.Take(4))}" : "the model has none")}");
            }
        }

        foreach (var node in model.Graph.Layers.Select(node => node.StatisticNames.ToList()).Where(node => node.Any(FreezesStatistic) && !node.All(FreezesStatistic)))
        {
            throw new ModelException("training.parameter_groups", $"freeze {node.First(FreezesStatistic)} and not {node.First(name => !FreezesStatistic(name))}; expected both of a layer, or none");
        }
    }

    private void CheckWeights(string field, IReadOnlyList<double>? weights, Model model)
    {
        var isOfClasses = Loss is not OutputLoss { OneHot: false };
        if (weights is not null && weights.Count != (isOfClasses ? model.Classes : model.OutputShape.Elements))
        {
            throw new ModelException(
                $"training.loss.{field}", $"has {weights.Count} weights; the model has {(isOfClasses ? $"{model.Classes} classes" : $"{model.OutputShape.Elements} outputs")}");
        }
    }

    public static implicit operator TrainingRecipe(Optimizer optimizer) => new(optimizer);
}
