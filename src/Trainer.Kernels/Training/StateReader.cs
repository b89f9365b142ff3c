using Trainer.Kernels.Canonical;

namespace Trainer.Kernels.Training;

/// <summary>
/// Copies one state out, chunk by chunk and each once, on any thread and beside training, for a checkpoint or a joiner. Whoever is about to overwrite the state
/// first copies for the reader what it has not read (<see cref="Keep"/>): it may take its time, and holds nobody up for longer than that.
/// </summary>
public sealed class StateReader : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TrainingState _state;
    private readonly bool[] _isTaken;
    private readonly float[]?[] _kept;

    internal StateReader(TrainingState state, ulong hash)
    {
        (_state, Hash, Header) = (state, hash, StateHeader.Of(state));
        (_isTaken, _kept) = (new bool[state.Chunks], new float[]?[state.Chunks]);
        Step = state.Progress.Step;
    }

    /// <summary>What a <see cref="StateWriter"/> begins with: all of the state but the chunks.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>The state is the one after this step.</summary>
    public ulong Step { get; }

    /// <summary>Of the state.</summary>
    public ulong Hash { get; }

    public int Chunks => _isTaken.Length;

    /// <summary>The longest chunk.</summary>
    public static int MaxElements => Chunk.Elements;

    /// <summary>Elements of a chunk.</summary>
    public int ElementsOf(int chunk) => _state.ElementsOf(chunk);

    /// <summary>Copies a chunk out.</summary>
    /// <param name="target">As long as <see cref="ElementsOf"/> says.</param>
    /// <exception cref="InvalidOperationException">The chunk was read before, or the reader has been disposed.</exception>
    public void Read(int chunk, Span<float> target)
    {
        _state.CheckLength(chunk, target.Length);
        lock (_lock)
        {
            if (_isTaken[chunk])
            {
                throw new InvalidOperationException($"Chunk {chunk} of the state after step {Step} was read before, or its reader has been disposed.");
            }

            (_kept[chunk] ?? _state.HostOf(chunk)).CopyTo(target);
            (_isTaken[chunk], _kept[chunk]) = (true, null);
        }
    }

    /// <summary>The rest is not read; training copies nothing for it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Array.Fill(_isTaken, true);
            Array.Clear(_kept);
        }
    }

    /// <summary>Copies what has not been read, a chunk at a time, so that nobody waits for all of it.</summary>
    internal void Keep()
    {
        for (var chunk = 0; chunk < Chunks; chunk++)
        {
            lock (_lock)
            {
                if (!_isTaken[chunk] && _kept[chunk] is null)
                {
                    _kept[chunk] = _state.HostOf(chunk).ToArray();
                }
            }
        }
    }
}
