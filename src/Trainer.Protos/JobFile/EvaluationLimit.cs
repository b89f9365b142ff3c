using System.Numerics;

namespace Trainer.Protos;

/// <summary>How many evaluations within epochs a job may have: what they come to is part of its state.</summary>
public static class EvaluationLimit
{
    public const long Most = 10_000;

    /// <summary>What is wrong with <c>training.evaluate_every_steps</c> for a training set of some size; null: nothing.</summary>
    /// <param name="everySteps">0: there are none.</param>
    /// <param name="stepsPerEpoch">At least 1.</param>
    public static string? Refuse(long everySteps, long stepsPerEpoch, long epochs)
    {
        if (everySteps == 0)
        {
            return null;
        }

        var steps = stepsPerEpoch * epochs;
        var atEnds = steps / (everySteps / (long)BigInteger.GreatestCommonDivisor(everySteps, stepsPerEpoch) * stepsPerEpoch);
        return (steps / everySteps) - atEnds is var evaluations && evaluations <= Most
            ? null
            : $"{everySteps} makes {evaluations} evaluations within epochs; expected at most {Most}: evaluate more rarely";
    }
}
