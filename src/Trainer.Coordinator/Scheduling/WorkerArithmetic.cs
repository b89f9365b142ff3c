using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>Which arithmetics a job wants, and a worker has.</summary>
internal static class WorkerArithmetic
{
    /// <summary>What the job gives up of exact arithmetic; null: nothing.</summary>
    public static Arithmetic? WantedArithmetic(this JobSpec spec) => spec.Training is { IsExact: false } training
        ? new Arithmetic { Compute = training.Compute, Gradients = training.Gradients }
        : null;

    /// <param name="wanted">Null: exact float32.</param>
    /// <returns>The id of what the worker has; null: it has not what is wanted.</returns>
    public static string? NumericsFor(this WorkerStatus worker, Arithmetic? wanted) => wanted is null
        ? worker.Numerics
        : worker.Arithmetics.FirstOrDefault(has => has.Compute == wanted.Compute && has.Gradients == wanted.Gradients)?.Numerics;
}
