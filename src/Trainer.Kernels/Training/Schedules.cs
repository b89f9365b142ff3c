using System.Globalization;
using System.Runtime.InteropServices;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>How long a training is, as far as schedules ask.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TrainingLength(int StepsPerEpoch, int? Epochs)
{
    private readonly IReadOnlyList<EpochSums>? _past;

    /// <summary>What epochs came to that were closed before the step in question: the latest ones; of a training that went on from files, not the first.</summary>
    public IReadOnlyList<EpochSums> Past
    {
        get => _past ?? [];
        init => _past = value;
    }

    /// <summary>Steps that somebody has taken off.</summary>
    private long Before { get; init; }

    /// <summary>All; an epoch where warm-up leaves none, so that there is a first rate for it to rise to.</summary>
    /// <exception cref="InvalidOperationException">Nobody has said how many epochs there are.</exception>
    internal long StepsLeft => Epochs is { } epochs
        ? ((long)epochs * StepsPerEpoch) - Before is var left and > 0 ? left : StepsPerEpoch
        : throw new InvalidOperationException("The schedule ends with the training: give the recipe's Epochs, or the schedule its own end.");

    internal long EpochsLeft => Math.Max(1, StepsLeft / StepsPerEpoch);

    /// <summary>Those of <see cref="Past"/> that ended behind the steps that were taken off.</summary>
    /// <param name="step">Without those.</param>
    internal IEnumerable<EpochSums> PastBehind(long step)
    {
        var first = ((step + Before) / StepsPerEpoch) - Past.Count;
        return Past.Skip((int)Math.Clamp((Before / StepsPerEpoch) - first, 0, Past.Count));
    }

    internal TrainingLength Behind(long steps) => this with { Before = Before + steps };
}

/// <summary>How the learning rate moves: a pure function of the step, as torch.optim.lr_scheduler's closed forms, and of what epochs came to.</summary>
public abstract record LearningRateSchedule
{
    public static LearningRateSchedule Constant { get; } = new ConstantSchedule();

    /// <summary>Whether epochs have to be closed by an evaluation for it to do its work.</summary>
    public virtual bool LooksAtEvaluations => false;

    /// <summary>Before it; null: none.</summary>
    [BesideKind]
    public Warmup? Warmup { get; init; }

    /// <param name="initial">The optimizer's or the parameter group's.</param>
    /// <param name="step">Steps already taken.</param>
    /// <param name="length">Schedules of epochs change the rate between epochs; some end where the training does.</param>
    public double Rate(double initial, long step, TrainingLength length)
    {
        var warm = Warmup?.StepsOf(length.StepsPerEpoch) ?? 0;
        var rest = length.Behind(warm);
        return step >= warm
            ? RateBehindWarmup(initial, step - warm, rest)
            : RateBehindWarmup(initial, 0, rest) * (Warmup!.StartFactor + ((1 - Warmup.StartFactor) * step / warm));
    }

    /// <summary><see cref="Rate"/> as the optimizer takes it.</summary>
    /// <exception cref="NotFiniteNumberException">It is none that float32 holds; with the schedule's name.</exception>
    internal double FiniteRate(double initial, long step, TrainingLength length)
    {
        var rate = Rate(initial, step, length);
        return float.IsFinite((float)rate)
            ? rate
            : throw new NotFiniteNumberException(string.Create(
                CultureInfo.InvariantCulture,
                $"training.schedule: {KindAttribute.WordOf(GetType())} makes the learning rate {rate} after {step} steps; it must stay below {float.MaxValue:G2}"));
    }

    /// <param name="initial">The optimizer's or the parameter group's.</param>
    /// <param name="step">Steps already taken since warm-up.</param>
    /// <param name="length">Without warm-up.</param>
    private protected abstract double RateBehindWarmup(double initial, long step, TrainingLength length);
}

/// <summary>
/// The first steps multiply a schedule's first rate by a factor that grows along a line from startFactor to 1; then the schedule begins: torch's SequentialLR of LinearLR and
/// the other.
/// </summary>
/// <param name="Steps">How many; null: <paramref name="Epochs"/> says it.</param>
/// <param name="Epochs">Likewise.</param>
public sealed record Warmup(int? Steps = null, int? Epochs = null, double StartFactor = 1.0 / 3)
{
    internal long StepsOf(int stepsPerEpoch) => Steps ?? ((long)Epochs.GetValueOrDefault() * stepsPerEpoch);
}

/// <summary>The initial rate throughout.</summary>
[Kind("constant", IsDefault = true)]
public sealed record ConstantSchedule : LearningRateSchedule
{
    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length) => initial;
}

/// <summary>initial x gamma^floor(epoch / stepSize): torch's StepLR.</summary>
[Kind("step")]
public sealed record StepSchedule(int StepSize, double Gamma = 0.1) : LearningRateSchedule
{
    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length) => initial * ExactMath.Power(Gamma, step / length.StepsPerEpoch / StepSize);
}

/// <summary>initial x gamma^(milestones reached), milestones in epochs, one that is repeated as often as it stands there: torch's MultiStepLR.</summary>
[Kind("multi_step")]
public sealed record MultiStepSchedule(IReadOnlyList<int> Milestones, double Gamma = 0.1) : LearningRateSchedule
{
    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length) =>
        initial * ExactMath.Power(Gamma, Milestones.Count(milestone => milestone <= step / length.StepsPerEpoch));
}

/// <summary>initial x gamma^epoch: torch's ExponentialLR.</summary>
[Kind("exponential")]
public sealed record ExponentialSchedule(double Gamma) : LearningRateSchedule
{
    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length) => initial * ExactMath.Power(Gamma, step / length.StepsPerEpoch);
}

/// <summary>etaMin + (initial - etaMin)(1 + cos(pi t / tMax)) / 2: Loshchilov and Hutter 2017 (arXiv:1608.03983), eq. 5; torch's CosineAnnealingLR.</summary>
/// <param name="TMax">
/// Epochs until etaMin is reached; null: all that warm-up leaves. Behind a warm-up of steps these are counted in steps, and the rate moves every step, as torch's does
/// that is stepped per batch.
/// </param>
[Kind("cosine")]
public sealed record CosineSchedule(int? TMax = null, double EtaMin = 0) : LearningRateSchedule
{
    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length) =>
        EtaMin + ((initial - EtaMin) * (1 + ExactMath.CosPi(HalfPeriods(step, length))) / 2);

    private double HalfPeriods(long step, TrainingLength length) => TMax is null && Warmup?.Steps is not null
        ? HalfPeriods(step, length.StepsLeft)
        : HalfPeriods(step / length.StepsPerEpoch, TMax ?? length.EpochsLeft);

    /// <summary>time / tMax, folded into [0, 1]: the cosine goes up again behind tMax.</summary>
    private static double HalfPeriods(long time, long tMax)
    {
        var folded = time % (2 * tMax);
        return (double)Math.Min(folded, (2 * tMax) - folded) / tMax;
    }
}

/// <summary>
/// From maxRate / divFactor up to maxRate and down to maxRate / divFactor / finalDivFactor along half cosines: Smith and Topin 2018 (arXiv:1708.07120); torch's OneCycleLR
/// with anneal_strategy 'cos' and cycle_momentum=False, over all steps that warm-up leaves. Moves every step; the optimizer's own rate is not used.
/// </summary>
/// <param name="MaxRate">The peak.</param>
/// <param name="PctStart">Part of all steps on the way up. Where that is one step, at which torch divides by zero, it has the peak.</param>
[Kind("one_cycle")]
public sealed record OneCycleSchedule([property: Option("max_lr")] double MaxRate, double PctStart = 0.3, double DivFactor = 25, double FinalDivFactor = 1e4)
    : LearningRateSchedule
{
    private protected override double RateBehindWarmup(double initial, long step, TrainingLength length)
    {
        var (first, last) = (MaxRate / DivFactor, MaxRate / DivFactor / FinalDivFactor);
        var (peak, end) = ((PctStart * length.StepsLeft) - 1, length.StepsLeft - 1.0);
        return step > peak ? Between(MaxRate, last, Math.Min(1, (step - peak) / (end - peak))) : peak > 0 ? Between(first, MaxRate, step / peak) : MaxRate;
    }

    private static double Between(double start, double end, double part) => end + ((start - end) / 2 * (1 + ExactMath.CosPi(part)));
}
