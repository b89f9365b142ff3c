using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>The hash of the state after a step.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StateHash(ulong Step, ulong Hash);

/// <summary>What an apply has read and written, hashed as it went by.</summary>
/// <param name="Read">The state before; that of <see cref="TrainingState.Hash"/>, unless memory has changed since.</param>
/// <param name="Written">The state that follows.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct AppliedHashes(StateHash Read, StateHash Written);

/// <summary>
/// The two states of a training. An apply (<see cref="Network.Apply"/>, <see cref="Evaluate"/>, <see cref="CloseEpoch"/>) reads the current one, k, and writes k + 1 beside it; broken off,
/// it leaves k as it was. <see cref="Flip"/> makes k + 1 the current one, and until the next apply <see cref="FlipBack"/> goes back to k.
/// </summary>
/// <remarks>For one thread at a time, the one that drives the device; readers alone are for any.</remarks>
public sealed class StatePair : IDisposable
{
    private readonly TrainingState[] _states;
    private Spare _spare;
    private ulong _read;
    private StateWriter? _writer;

    private StatePair(params TrainingState[] states) => _states = states;

    /// <summary>What the state beside the current one is good for.</summary>
    private enum Spare
    {
        /// <summary>Nothing.</summary>
        Empty,

        /// <summary>It follows on the current one.</summary>
        Next,

        /// <summary>The current one follows on it.</summary>
        Before,
    }

    /// <summary>The number of states that there are for training.</summary>
    internal const int Count = 2;

    public TrainingState Current => _states[Index];

    /// <summary>The states that were current and still are there, the later first, with the hashes that they had: k, and k - 1 between a flip and the next apply.</summary>
    public IReadOnlyList<StateHash> Held => Ask(state => state.Hash);

    /// <summary>Which of the two is current.</summary>
    internal int Index { get; private set; }

    internal IReadOnlyList<TrainingState> All => _states;

    /// <summary>What an apply writes.</summary>
    /// <exception cref="InvalidOperationException">The state is for evaluation only.</exception>
    internal TrainingState Other => _states.Length == Count
        ? _states[1 - Index]
        : throw new InvalidOperationException("The network was planned for evaluation only.");

    /// <summary>Which of the weights an evaluation looks at: those of <see cref="All"/>, then their averages.</summary>
    internal int EvaluatedIndex => Current.UsesAverage ? _states.Length + Index : Index;

    /// <param name="recipe">Whose optimizer's buffers belong to the state, and the average of the weights, if it has one.</param>
    public static StatePair Create(Device device, ParameterLayout layout, TrainingRecipe recipe)
    {
        return new StatePair(Create(), Create());

        TrainingState Create() => new(device, layout, recipe.Optimizer.StateBuffers, recipe.Averaging is not null);
    }

    /// <summary>One state of weights alone, for networks that do not train.</summary>
    public static StatePair ForEvaluation(Device device, ParameterLayout layout) => new(new TrainingState(device, layout, 0));

    /// <summary>The step that an evaluation is: it closes the epoch, and leaves weights and optimizer as they are. To be followed by <see cref="Flip"/>.</summary>
    /// <param name="test">What it came to; nothing where there was none.</param>
    public AppliedHashes CloseEpoch(in PassSums test) => Keep(Current.Progress.Closed(test));

    /// <summary>The step that an evaluation within an epoch is: it leaves weights and optimizer as they are. To be followed by <see cref="Flip"/>.</summary>
    /// <param name="test">What it came to.</param>
    public AppliedHashes Evaluate(in PassSums test) => Keep(Current.Progress.Evaluated(test));

    /// <summary>The state that an apply has written becomes the current one; returns its hash.</summary>
    /// <exception cref="InvalidOperationException">None has.</exception>
    /// <exception cref="CorruptStateException">What the apply has read is not the state that was agreed on.</exception>
    public ulong Flip()
    {
        if (_spare != Spare.Next)
        {
            throw new InvalidOperationException("Nothing has been applied since the last flip.");
        }

        if (_read != Current.Hash)
        {
            throw new CorruptStateException(
                $"The state after step {Current.Progress.Step} has changed in memory: its hash was {Current.Hash:x16}, what was read has {_read:x16}.");
        }

        (Index, _spare) = (1 - Index, Spare.Before);
        return Current.Hash;
    }

    /// <summary>The state before the current one becomes the current one again. Once, until another has been applied.</summary>
    /// <exception cref="InvalidOperationException">It is not there.</exception>
    public void FlipBack()
    {
        if (_spare != Spare.Before)
        {
            throw new InvalidOperationException($"The state before step {Current.Progress.Step} is not there any more.");
        }

        (Index, _spare) = (1 - Index, Spare.Empty);
    }

    /// <summary><see cref="Held"/>, but with the hashes of what lies in memory now.</summary>
    public IReadOnlyList<StateHash> HashAgain() => Ask(state => state.HashAgain());

    /// <summary>Begins to copy the current state out, beside whatever follows.</summary>
    public StateReader CopyOut() => Current.OpenReader();

    /// <summary>Begins to copy a state in that somebody copied out. An apply in between puts an end to it.</summary>
    /// <param name="header"><see cref="StateReader.Header"/></param>
    /// <exception cref="CorruptStateException">It is no header, or of a state of another model or optimizer.</exception>
    public StateWriter CopyIn(ReadOnlySpan<byte> header)
    {
        var progress = StateHeader.Read(header, Other);

        Other.KeepForReaders();
        Other.Progress = progress;
        _spare = Spare.Empty;
        return _writer = new StateWriter(this, Other);
    }

    public void Dispose() => Array.ForEach(_states, state => state.Dispose());

    /// <summary>From here on the state beside the current one is being written.</summary>
    internal void BeginApply() => (_spare, _writer) = (Spare.Empty, null);

    /// <summary>It has been written, and lacks its progress.</summary>
    /// <param name="read">The hash of what was read.</param>
    internal AppliedHashes EndApply(ulong read, in TrainingProgress progress)
    {
        Other.Progress = progress with { Chain = Current.Hash };
        (_spare, _read) = (Spare.Next, read);
        return new AppliedHashes(new StateHash(Current.Progress.Step, read), new StateHash(progress.Step, Other.Hash));
    }

    internal void CheckCopiesIn(StateWriter writer)
    {
        if (writer != _writer)
        {
            throw new InvalidOperationException("The state that was being copied in has been given up.");
        }
    }

    internal void TakeCopy(StateWriter writer)
    {
        CheckCopiesIn(writer);
        (Index, _spare, _writer) = (1 - Index, Spare.Empty, null);
    }

    private AppliedHashes Keep(in TrainingProgress progress)
    {
        BeginApply();
        var weights = Current.Buffers[0];
        return EndApply(Other.Update(Current, [new UpdateRun(UpdateRule.Keep, weights.Elements)], 1, weights), progress);
    }

    private StateHash[] Ask(Func<TrainingState, ulong> hash)
    {
        var current = new StateHash(Current.Progress.Step, hash(Current));
        return _spare == Spare.Before ? [current, new StateHash(Other.Progress.Step, hash(Other))] : [current];
    }
}
