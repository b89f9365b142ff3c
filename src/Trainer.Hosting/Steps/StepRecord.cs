using System.Runtime.InteropServices;
using Google.Protobuf.WellKnownTypes;
using Trainer.Hosting.Metrics;
using Trainer.Protos;

namespace Trainer.Hosting.Steps;

/// <summary>What a training step came to: <see cref="StepMetrics"/>, in a form that costs training nothing to keep.</summary>
/// <param name="Time">When it was applied.</param>
/// <param name="Loss">Mean over the batch.</param>
/// <param name="Accuracy">0..1.</param>
/// <param name="GradientNorm">Before clipping; null where nothing is clipped.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StepRecord(
    ulong Step, uint Epoch, DateTime Time, double Loss, double Accuracy, double LearningRate, double? GradientNorm, double ImagesPerSecond, StepPhases Phases)
{
    public static StepRecord Of(StepMetrics message) => new(
        message.Step, message.Epoch, message.Time.ToDateTime(), message.Loss, message.Accuracy, message.LearningRate, message.HasGradientNorm ? message.GradientNorm : null,
        message.ImagesPerSecond, new StepPhases(message.DataSeconds, message.ForwardSeconds, message.BackwardSeconds, message.AllreduceSeconds, message.OptimizerSeconds));

    public StepMetrics ToMessage()
    {
        var message = new StepMetrics
        {
            Step = Step,
            Epoch = Epoch,
            Time = Time.ToTimestamp(),
            Loss = Loss,
            Accuracy = Accuracy,
            LearningRate = LearningRate,
            ImagesPerSecond = ImagesPerSecond,
            DataSeconds = Phases.Data,
            ForwardSeconds = Phases.Forward,
            BackwardSeconds = Phases.Backward,
            AllreduceSeconds = Phases.AllReduce,
            OptimizerSeconds = Phases.Optimizer,
        };
        if (GradientNorm is { } norm)
        {
            message.GradientNorm = norm;
        }

        return message;
    }
}
