using Trainer.Protos.Cluster;

namespace Trainer.Hosting.Hashes;

/// <summary>The hash of the state after an item of a job's schedule, which all members agreed on.</summary>
/// <param name="Step">Training steps that have entered the state.</param>
public readonly record struct StepHash(ulong Item, ulong Step, ulong Hash);

/// <summary>What the hashes of one generation were computed from and with.</summary>
/// <param name="Numerics">The id of the arithmetic.</param>
/// <param name="Data">The fingerprint of the data.</param>
public sealed record HashOrigin(string Job, ulong Term, ulong Number, string Numerics, string Data)
{
    /// <summary>Later generations compare higher.</summary>
    public (ulong Term, ulong Number) Order => (Term, Number);

    public static HashOrigin Of(string job, Generation generation, string numerics, string data) => new(job, generation.Term, generation.Number, numerics, data);
}
