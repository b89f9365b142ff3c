using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>How weights follow from gradients: options only, names and defaults as torch.optim's; the state lives in the <see cref="Network"/>.</summary>
/// <param name="LearningRate">Before the schedule's factor.</param>
/// <param name="WeightDecay">Of parameters whose group says nothing else.</param>
public abstract record Optimizer([property: Option("lr")] double LearningRate, double WeightDecay)
{
    /// <summary>The flat state buffers it needs, each as long as the parameters: what torch.optim calls them.</summary>
    public abstract IReadOnlyList<string> StateNames { get; }

    public int StateBuffers => StateNames.Count;

    /// <summary>How step <paramref name="step"/> (from 1) changes a run of elements.</summary>
    public abstract UpdateRun Run(long elements, double learningRate, double weightDecay, long step);
}

/// <summary>Stochastic gradient descent with momentum (<see cref="UpdateRule.Sgd"/>).</summary>
[Kind("sgd")]
public sealed record Sgd(double LearningRate, double Momentum = 0, double WeightDecay = 0, double Dampening = 0, bool Nesterov = false)
    : Optimizer(LearningRate, WeightDecay)
{
    public override IReadOnlyList<string> StateNames => Momentum == 0 ? [] : ["momentum_buffer"];

    public override UpdateRun Run(long elements, double learningRate, double weightDecay, long step) => new(UpdateRule.Sgd, elements)
    {
        LearningRate = (float)learningRate,
        WeightDecay = (float)weightDecay,
        Momentum = (float)Momentum,
        Dampening = (float)Dampening,
        Nesterov = Nesterov,
        Step = step,
    };
}

/// <summary>Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1; weight decay is added to the gradient (<see cref="UpdateRule.Adam"/>).</summary>
[Kind("adam")]
public record Adam(double LearningRate = 1e-3, double Beta1 = 0.9, double Beta2 = 0.999, double Eps = 1e-8, double WeightDecay = 0)
    : Optimizer(LearningRate, WeightDecay)
{
    public override IReadOnlyList<string> StateNames => ["exp_avg", "exp_avg_sq"];

    private protected virtual UpdateRule Rule => UpdateRule.Adam;

    public override UpdateRun Run(long elements, double learningRate, double weightDecay, long step) => new(Rule, elements)
    {
        LearningRate = (float)learningRate,
        WeightDecay = (float)weightDecay,
        Beta1 = (float)Beta1,
        Beta2 = (float)Beta2,
        Eps = (float)Eps,
        Step = step,
    };
}

/// <summary>Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2: weights decay by themselves (<see cref="UpdateRule.AdamW"/>).</summary>
[Kind("adamw")]
public sealed record AdamW(double LearningRate = 1e-3, double Beta1 = 0.9, double Beta2 = 0.999, double Eps = 1e-8, double WeightDecay = 0.01)
    : Adam(LearningRate, Beta1, Beta2, Eps, WeightDecay)
{
    private protected override UpdateRule Rule => UpdateRule.AdamW;
}

/// <summary>Tieleman and Hinton 2012, lecture 6.5 (<see cref="UpdateRule.RmsProp"/>).</summary>
/// <param name="Alpha">How much of the running mean of squares is kept.</param>
/// <param name="Centered">Gradients are divided by their standard deviation, not by the root of their mean square: Graves 2013 (arXiv:1308.0850), eq. 38 to 45.</param>
[Kind("rmsprop")]
public sealed record RmsProp(
    double LearningRate = 1e-2, double Alpha = 0.99, double Eps = 1e-8, double WeightDecay = 0, double Momentum = 0, bool Centered = false)
    : Optimizer(LearningRate, WeightDecay)
{
    public override IReadOnlyList<string> StateNames =>
        ["square_avg", .. Momentum == 0 ? Array.Empty<string>() : ["momentum_buffer"], .. Centered ? ["grad_avg"] : Array.Empty<string>()];

    public override UpdateRun Run(long elements, double learningRate, double weightDecay, long step) => new(UpdateRule.RmsProp, elements)
    {
        LearningRate = (float)learningRate,
        WeightDecay = (float)weightDecay,
        Momentum = (float)Momentum,
        Beta2 = (float)Alpha,
        Eps = (float)Eps,
        Centered = Centered,
        Step = step,
    };
}

/// <summary>Duchi, Hazan and Singer 2011 (JMLR 12, 2121-2159): each weight's steps shrink with its gradients so far (<see cref="UpdateRule.Adagrad"/>).</summary>
/// <param name="LrDecay">The learning rate of step t (from 0) is divided by 1 + t x it.</param>
/// <param name="InitialAccumulatorValue">The sums of squares before the first step.</param>
[Kind("adagrad")]
public sealed record Adagrad(
    double LearningRate = 1e-2, double LrDecay = 0, double WeightDecay = 0, double InitialAccumulatorValue = 0, double Eps = 1e-10)
    : Optimizer(LearningRate, WeightDecay)
{
    public override IReadOnlyList<string> StateNames => ["sum"];

    public override UpdateRun Run(long elements, double learningRate, double weightDecay, long step) => new(UpdateRule.Adagrad, elements)
    {
        LearningRate = (float)(learningRate / (1 + ((step - 1) * LrDecay))),
        WeightDecay = (float)weightDecay,
        InitialSquare = (float)InitialAccumulatorValue,
        Eps = (float)Eps,
        Step = step,
    };
}

/// <summary>What some parameters do differently from the rest.</summary>
/// <param name="Pattern">Which: their torch.nn names, where * stands for any characters and ? for one: <c>0.*</c>, <c>*.bias</c>. The first group that matches counts.</param>
/// <param name="LearningRate">Null: the optimizer's.</param>
/// <param name="WeightDecay">Null: the optimizer's.</param>
/// <param name="Frozen">They keep their values, and have no part in the gradient's norm.</param>
/// <param name="FrozenEpochs">They are frozen for so many epochs. What the optimizer keeps of them begins after that, as in PyTorch where requires_grad is set then. Null: for none.</param>
/// <param name="FrozenStatistics">Batch norms whose running statistics have such names normalise with these in training as well, and leave them as they are: torch's module.eval(). False: they do not, whatever groups behind it say. Null: the group says nothing of it.</param>
public sealed record ParameterGroup(
    string Pattern, [property: Option("lr")] double? LearningRate = null, double? WeightDecay = null, bool Frozen = false, int? FrozenEpochs = null,
    bool? FrozenStatistics = null)
{
    /// <summary>Whether it leaves parameters to the groups behind it.</summary>
    internal bool IsOfStatisticsAlone => FrozenStatistics is not null && LearningRate is null && WeightDecay is null && !Frozen && FrozenEpochs is null;

    /// <summary>How many updates leave them as they are.</summary>
    internal long FrozenUpdates(TrainingLength length) => Frozen ? long.MaxValue : (FrozenEpochs ?? 0L) * length.StepsPerEpoch;

    public bool Matches(string name) => NamePattern.Matches(Pattern, name);
}
