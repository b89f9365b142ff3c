using Trainer.Kernels.Training;
using Trainer.Protos.Cluster;

namespace Trainer.Node.States;

/// <summary>A state that a worker holds.</summary>
/// <param name="Item">After which it is.</param>
/// <param name="Step">Training steps that have entered it, as users count them.</param>
/// <param name="Samples">Training samples that have entered it.</param>
/// <param name="Epochs">That are closed.</param>
public readonly record struct HeldState(ulong Item, ulong Hash, ulong Step = 0, ulong Samples = 0, uint Epochs = 0)
{
    public static HeldState Of(TrainingState state) =>
        new(state.Progress.Step, state.Hash, (ulong)state.Progress.Updates, (ulong)state.Progress.Samples, (uint)state.Progress.Epochs.Count);

    public static HeldState Of(StateId state) => new(state.Item, state.Hash, state.Step, state.Samples, state.Epochs);

    /// <summary>Whether it is the state that is wanted; a hash of 0 is not known yet.</summary>
    public bool Is(HeldState wanted) => Item == wanted.Item && (wanted.Hash == 0 || Hash == wanted.Hash);

    public StateId ToMessage() => new() { Item = Item, Hash = Hash, Step = Step, Samples = Samples, Epochs = Epochs };
}
