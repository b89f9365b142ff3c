using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>
/// An average of the weights over steps, beside them in the training's state: torch.optim.swa_utils.AveragedModel. The first weights that it takes in are copied; running statistics are
/// always those of the latest. It is what is evaluated, and the training's result; the weights that are trained go on without it.
/// </summary>
public abstract record Averaging
{
    /// <summary>How much of the next weights goes into it, 0..1; 1 makes it a copy.</summary>
    /// <param name="averaged">States of the weights that it has taken in.</param>
    internal abstract double Share(long averaged);
}

/// <summary>The exponential moving average of torch.optim.swa_utils.get_ema_multi_avg_fn, after every step: a = a + (1 - decay)(w - a), fused.</summary>
/// <param name="Decay">How much of the average is kept, 0 to below 1.</param>
[Kind("ema")]
public sealed record Ema(double Decay = 0.999) : Averaging
{
    internal override double Share(long averaged) => averaged == 0 ? 1 : 1 - Decay;
}
