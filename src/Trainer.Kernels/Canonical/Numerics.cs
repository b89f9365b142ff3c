namespace Trainer.Kernels.Canonical;

/// <summary>The canonical arithmetic that this version of the kernels computes in.</summary>
public static class Numerics
{
    /// <summary>Changes whenever any operation's bits do; workers of one job must agree on it.</summary>
    public const string Id = "canonical-4";
}
