using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>
/// An average of the weights over steps, beside them in the training's state: torch.optim.swa_utils.AveragedModel. The first weights that it takes in are copied; running statistics are
/// always those of the latest. Once there is one, it is what is evaluated, and the training's result; the weights that are trained go on without it.
/// </summary>
public abstract record Averaging
{
    /// <summary>How much of the next weights goes into it, 0..1; 1 makes it a copy, 0 leaves it as it is.</summary>
    /// <param name="averaged">States of the weights that it has taken in.</param>
    /// <param name="step">The one that makes the next weights, from 1.</param>
    /// <param name="length">Of the training, in which epochs end.</param>
    internal abstract double Share(long averaged, long step, TrainingLength length);
}

/// <summary>The exponential moving average of torch.optim.swa_utils.get_ema_multi_avg_fn, after every step: a = a + (1 - decay)(w - a), fused.</summary>
/// <param name="Decay">How much of the average is kept, 0 to below 1.</param>
[Kind("ema")]
public sealed record Ema(double Decay = 0.999) : Averaging
{
    internal override double Share(long averaged, long step, TrainingLength length) => averaged == 0 ? 1 : 1 - Decay;
}

/// <summary>The mean of the weights at the ends of epochs, stochastic weight averaging (Izmailov et al. 2018): a = a + (w - a) / (n + 1) as AveragedModel's default, fused.</summary>
/// <remarks>
/// Running statistics of a batch norm that are not frozen are estimated again for the mean, from the batches of the epoch that it has taken in (torch.optim.swa_utils.update_bn):
/// <see cref="Network.Estimate"/>.
/// </remarks>
/// <param name="StartEpoch">The first epoch, from 1, whose end belongs to the mean.</param>
[Kind("swa")]
public sealed record Swa(int StartEpoch) : Averaging
{
    internal override double Share(long averaged, long step, TrainingLength length) =>
        step % length.StepsPerEpoch == 0 && step / length.StepsPerEpoch >= StartEpoch ? 1.0 / (averaged + 1) : 0;
}
