using System.Runtime.InteropServices;

namespace Trainer.Hosting.Steps;

/// <summary>The lowest and the highest value of some steps that follow each other, each where it comes first. What is no number counts where there is nothing else.</summary>
/// <remarks>Those of two stretches make up those of both, whatever is between them: added in the order of steps they come to what the values themselves come to.</remarks>
[StructLayout(LayoutKind.Sequential)]
public struct Extremes
{
    public double Low;
    public double High;

    /// <summary>0: there is no value.</summary>
    public ulong LowStep;

    public ulong HighStep;

    public readonly bool IsEmpty => LowStep == 0;

    /// <summary>The one of both that comes first. Where both are the same step's, so is <see cref="Later"/>.</summary>
    public readonly (ulong Step, double Value) Earlier => LowStep <= HighStep ? (LowStep, Low) : (HighStep, High);

    public readonly (ulong Step, double Value) Later => LowStep <= HighStep ? (HighStep, High) : (LowStep, Low);

    /// <param name="step">Behind those that were added before.</param>
    public void Add(ulong step, double value)
    {
        if (IsEmpty || double.IsNaN(Low) || value < Low)
        {
            (Low, LowStep) = (value, step);
        }

        if (HighStep == 0 || double.IsNaN(High) || value > High)
        {
            (High, HighStep) = (value, step);
        }
    }

    /// <param name="next">Of steps behind those that were added before.</param>
    public void Add(in Extremes next)
    {
        if (!next.IsEmpty)
        {
            Add(next.Earlier.Step, next.Earlier.Value);
            Add(next.Later.Step, next.Later.Value);
        }
    }
}
