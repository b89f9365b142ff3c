namespace Trainer.Kernels.Training;

/// <summary>How the learning rate moves: a pure function of the step, as torch.optim.lr_scheduler's closed forms.</summary>
public abstract record LearningRateSchedule
{
    public static LearningRateSchedule Constant { get; } = new ConstantRate();

    /// <param name="initial">The optimizer's or the parameter group's.</param>
    /// <param name="step">Steps already taken.</param>
    /// <param name="stepsPerEpoch">Schedules of epochs change the rate between epochs.</param>
    public abstract double Rate(double initial, long step, int stepsPerEpoch);

    private sealed record ConstantRate : LearningRateSchedule
    {
        public override double Rate(double initial, long step, int stepsPerEpoch) => initial;
    }
}

/// <summary>initial x gamma^floor(epoch / stepSize): torch's StepLR.</summary>
public sealed record StepSchedule(int StepSize, double Gamma = 0.1) : LearningRateSchedule
{
    public override double Rate(double initial, long step, int stepsPerEpoch) => initial * ExactMath.Power(Gamma, step / stepsPerEpoch / StepSize);
}

/// <summary>initial x gamma^(milestones reached), milestones in epochs: torch's MultiStepLR.</summary>
public sealed record MultiStepSchedule(IReadOnlyList<int> Milestones, double Gamma = 0.1) : LearningRateSchedule
{
    public override double Rate(double initial, long step, int stepsPerEpoch) =>
        initial * ExactMath.Power(Gamma, Milestones.Count(milestone => milestone <= step / stepsPerEpoch));
}

/// <summary>initial x gamma^epoch: torch's ExponentialLR.</summary>
public sealed record ExponentialSchedule(double Gamma) : LearningRateSchedule
{
    public override double Rate(double initial, long step, int stepsPerEpoch) => initial * ExactMath.Power(Gamma, step / stepsPerEpoch);
}

/// <summary>etaMin + (initial - etaMin)(1 + cos(pi epoch / tMax)) / 2: Loshchilov and Hutter 2017 (arXiv:1608.03983), eq. 5; torch's CosineAnnealingLR.</summary>
public sealed record CosineSchedule(int TMax, double EtaMin = 0) : LearningRateSchedule
{
    public override double Rate(double initial, long step, int stepsPerEpoch) =>
        EtaMin + ((initial - EtaMin) * (1 + ExactMath.CosPi(HalfPeriods(step / stepsPerEpoch))) / 2);

    /// <summary>epoch / tMax, folded into [0, 1]: the cosine goes up again behind tMax.</summary>
    private double HalfPeriods(long epoch)
    {
        var folded = epoch % (2L * TMax);
        return (double)Math.Min(folded, (2L * TMax) - folded) / TMax;
    }
}

/// <summary>
/// From maxRate / divFactor up to maxRate and down to maxRate / divFactor / finalDivFactor along half cosines: Smith and Topin 2018 (arXiv:1708.07120); torch's OneCycleLR
/// with anneal_strategy 'cos' and cycle_momentum=False. Moves every step; the optimizer's own rate is not used.
/// </summary>
/// <param name="MaxRate">The peak.</param>
/// <param name="TotalSteps">Of the whole training.</param>
/// <param name="PctStart">Part of them on the way up.</param>
public sealed record OneCycleSchedule(double MaxRate, long TotalSteps, double PctStart = 0.3, double DivFactor = 25, double FinalDivFactor = 1e4)
    : LearningRateSchedule
{
    public override double Rate(double initial, long step, int stepsPerEpoch)
    {
        var (first, last) = (MaxRate / DivFactor, MaxRate / DivFactor / FinalDivFactor);
        var (peak, end) = ((PctStart * TotalSteps) - 1, TotalSteps - 1.0);
        return step <= peak ? Between(first, MaxRate, step / peak) : Between(MaxRate, last, Math.Min(1, (step - peak) / (end - peak)));
    }

    private static double Between(double start, double end, double part) => end + ((start - end) / 2 * (1 + ExactMath.CosPi(part)));
}

/// <summary>
/// The first steps multiply another schedule's first rate by a factor that grows along a line from startFactor to 1; then that schedule begins: torch's
/// SequentialLR of LinearLR and the other.
/// </summary>
public sealed record WarmupSchedule(long Steps, double StartFactor, LearningRateSchedule Then) : LearningRateSchedule
{
    public override double Rate(double initial, long step, int stepsPerEpoch) => step >= Steps
        ? Then.Rate(initial, step - Steps, stepsPerEpoch)
        : Then.Rate(initial, 0, stepsPerEpoch) * (StartFactor + ((1 - StartFactor) * step / Steps));
}
