using CsCheck;

namespace Trainer.Coordinator.Tests.Jobs.Simulation;

/// <summary>What may befall a job.</summary>
internal enum Blow
{
    /// <summary>A worker's process dies, and its supervisor starts it again.</summary>
    Kill,

    /// <summary>It dies for good, where another one is left.</summary>
    KillForGood,

    /// <summary>A worker stands still for a while: what reaches it waits.</summary>
    Hang,

    /// <summary>A worker is asked to leave in good order, and comes back later.</summary>
    Leave,

    /// <summary>A link between two members closes, though both live.</summary>
    CutLink,

    /// <summary>The coordinator dies; another entity takes the row.</summary>
    RestartEntity,

    /// <summary>It dies as soon as it has stored something, before it says it.</summary>
    RestartEntityOnceItStored,

    /// <summary>Another entity takes the row while the one before does not know it yet.</summary>
    Usurp,

    Suspend,
    Resume,
    Drain,
    Undrain,
    Scale,
}

/// <param name="After">Seconds after the one before.</param>
/// <param name="Worker">Whom it hits, modulo the workers.</param>
/// <param name="Amount">0 to 1: how long or how many, where that matters.</param>
internal sealed record Disturbance(double After, Blow Blow, int Worker, double Amount);

/// <summary>A job and all that befalls it: the same scenario happens in the same way again.</summary>
/// <param name="Unreliable">The part of messages that get lost, and of those that come twice or late.</param>
/// <param name="Seed">Of all delays.</param>
internal sealed record Scenario(int Workers, int Items, int CheckpointSeconds, double Unreliable, int Seed, Disturbance[] Disturbances)
{
    private static readonly Gen<Disturbance> OneDisturbance =
        from after in Gen.Double[0, 3]
        from blow in Gen.Frequency(
            (4, Gen.Const(Blow.Kill)), (1, Gen.Const(Blow.KillForGood)), (2, Gen.Const(Blow.Hang)), (1, Gen.Const(Blow.Leave)), (2, Gen.Const(Blow.CutLink)),
            (1, Gen.Const(Blow.RestartEntity)), (1, Gen.Const(Blow.RestartEntityOnceItStored)), (1, Gen.Const(Blow.Usurp)), (1, Gen.Const(Blow.Suspend)),
            (2, Gen.Const(Blow.Resume)), (1, Gen.Const(Blow.Drain)), (1, Gen.Const(Blow.Undrain)), (1, Gen.Const(Blow.Scale)))
        from worker in Gen.Int[0, 11]
        from amount in Gen.Double[0, 1]
        select new Disturbance(after, blow, worker, amount);

    public static Gen<Scenario> Any { get; } =
        from workers in Gen.Int[1, 4]
        from items in Gen.Int[1, 24]
        from checkpoints in Gen.OneOf(Gen.Const(0), Gen.Const(1), Gen.Const(2))
        from unreliable in Gen.OneOf(Gen.Const(0.0), Gen.Const(0.05), Gen.Const(0.15))
        from seed in Gen.Int[0, int.MaxValue - 1]
        from disturbances in OneDisturbance.Array[0, 10]
        select new Scenario(workers, items, checkpoints, unreliable, seed, disturbances);

    public override string ToString() =>
        $"{Workers} workers, {Items} items, checkpoints every {CheckpointSeconds} s, {Unreliable:p0} lost, seed {Seed}:\n  {string.Join("\n  ", Disturbances.AsEnumerable())}";
}
