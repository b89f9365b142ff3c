namespace Trainer.Kernels.Training;

/// <summary>Copies a state in, from a checkpoint or from another holder: beside the current one, which stays until all is there and has the agreed hash.</summary>
/// <remarks>It changes the device's memory: for whoever drives the device, while nothing trains.</remarks>
public sealed class StateWriter
{
    private readonly StatePair _states;
    private readonly TrainingState _state;
    private readonly bool[] _isWritten;

    internal StateWriter(StatePair states, TrainingState state) =>
        (_states, _state, _isWritten) = (states, state, new bool[state.Chunks]);

    public int Chunks => _isWritten.Length;

    /// <summary>Elements of a chunk.</summary>
    public int ElementsOf(int chunk) => _state.ElementsOf(chunk);

    /// <summary>Copies a chunk in; a repeated one replaces the first.</summary>
    /// <param name="source">As long as <see cref="ElementsOf"/> says.</param>
    public void Write(int chunk, ReadOnlySpan<float> source)
    {
        _states.CheckCopiesIn(this);
        _state.Restore(chunk, source);
        _isWritten[chunk] = true;
    }

    /// <summary>Makes what was copied the current state.</summary>
    /// <param name="hash">That the holders have agreed on.</param>
    /// <exception cref="CorruptStateException">Chunks are missing, or the hash is another: the current state stays.</exception>
    public void Complete(ulong hash)
    {
        _states.CheckCopiesIn(this);
        var missing = _isWritten.Count(isWritten => !isWritten);
        if (missing > 0)
        {
            throw new CorruptStateException(
                $"The copy of the state after step {_state.Progress.Step} is torn: {missing} of its {Chunks} chunks are missing, the first is {Array.IndexOf(_isWritten, false)}.");
        }

        if (_state.Hash is var found && found != hash)
        {
            throw new CorruptStateException($"The copy of the state after step {_state.Progress.Step} has the hash {found:x16}; the agreed one is {hash:x16}.");
        }

        _states.TakeCopy(this);
    }
}
