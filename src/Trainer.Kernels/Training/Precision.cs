using Trainer.Kernels.Devices;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Training;

/// <summary>What a batch's finished gradient is rounded to, once. Running statistics travel with it, but are state: never rounded.</summary>
public enum GradientPrecision
{
    /// <summary>Not at all.</summary>
    [Option("fp32")]
    Float32,

    /// <summary>To <see cref="Arithmetic.Bfloat16"/>.</summary>
    [Option("bf16")]
    Bfloat16,
}

/// <summary>
/// What a training gives up of exact float32 arithmetic; by default nothing. Its bits are others then, but still the same on any number of workers and threads.
/// </summary>
public sealed record Precision(ComputePrecision Compute = ComputePrecision.Exact, GradientPrecision Gradients = GradientPrecision.Float32)
{
    public static Precision Exact { get; } = new();

    public static IReadOnlyList<Precision> All { get; } =
        [.. from compute in Enum.GetValues<ComputePrecision>() from gradients in Enum.GetValues<GradientPrecision>() select new Precision(compute, gradients)];

    /// <summary>As a job file says it.</summary>
    public string ComputeWord => JsonText.WordOf(Compute);

    /// <summary>As a job file says it.</summary>
    public string GradientsWord => JsonText.WordOf(Gradients);

    /// <summary>The arithmetic that a training of this precision has on a device: equal ids, equal bits. Null: the device cannot.</summary>
    public string? NumericsIdOn(Device device) => device.CanCompute(Compute)
        ? device.NumericsIdIn(Compute) + (Gradients == GradientPrecision.Bfloat16 ? "+bf16-gradients" : "")
        : null;
}
