using System.Diagnostics;
using Trainer.Node.Links;

namespace Trainer.Node.States;

/// <summary>What a worker holds at one moment, and what it knows of it.</summary>
/// <param name="Held">The state that it is in, then, where nothing has been written over it yet, the one before.</param>
/// <param name="Committed">The highest item that it knows to be committed.</param>
public sealed record LedgerEntry(IReadOnlyList<HeldState> Held, ulong Committed);

/// <summary>
/// Which states a worker holds, which item it knows to be committed, and whom it obeys. Stands between the thread that trains, which makes states, and orders from outside,
/// which end generations: making a state current and answering a fence exclude each other, and after the answer nothing of a lower generation becomes current.
/// </summary>
public sealed class StateLedger
{
    private readonly object _lock = new(); // Monitor.Wait has no counterpart on Lock.
    private GenerationNumber _authority;
    private HeldState? _current;
    private HeldState? _previous;
    private ulong _committed;
    private bool _isOver;

    /// <summary>The highest item that is known to be committed.</summary>
    public ulong Committed => Volatile.Read(ref _committed);

    /// <summary>The state that the worker is in; null: none yet.</summary>
    public HeldState? Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>Ends all lower generations: what they would make current from here on is dropped. The answer is final for them.</summary>
    public LedgerEntry Fence(GenerationNumber generation)
    {
        lock (_lock)
        {
            _authority = generation > _authority ? generation : _authority;
            Monitor.PulseAll(_lock);
            return new LedgerEntry([.. new[] { _current, _previous }.OfType<HeldState>()], _committed);
        }
    }

    /// <summary>An item is committed, as a generation's rank 0 says.</summary>
    /// <remarks>A word that comes after the answer to a fence is dropped: the next generation may begin without the item, and whoever then still spoke of it would hold no state of it.</remarks>
    public void Commit(GenerationNumber generation, ulong item)
    {
        lock (_lock)
        {
            if (generation < _authority)
            {
                return;
            }

            Volatile.Write(ref _committed, Math.Max(_committed, item));
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>A generation begins with the state after an item, which is there. What the worker knew to be committed after that is lost: nobody holds it.</summary>
    /// <exception cref="OperationCanceledException">The generation is over; nothing was done.</exception>
    public void Begin(GenerationNumber generation, ulong item)
    {
        lock (_lock)
        {
            ThrowIfOver(generation);
            Volatile.Write(ref _committed, item);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>The job is served no more: who waits for a commit that has not come waits no longer.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until an item is committed. False: it was not within the time, or never will be.</summary>
    /// <exception cref="OperationCanceledException">Somebody cancelled <paramref name="interruption"/>, and then called <see cref="Fence"/>.</exception>
    public bool WaitForCommit(ulong item, TimeSpan patience, CancellationToken interruption)
    {
        var start = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            while (_committed < item && !_isOver && patience - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
            {
                interruption.ThrowIfCancellationRequested();
                Monitor.Wait(_lock, left);
            }

            interruption.ThrowIfCancellationRequested();
            return _committed >= item;
        }
    }

    /// <summary>To be called before the state that is not current is written over.</summary>
    /// <exception cref="OperationCanceledException">The generation is over; nothing was done.</exception>
    public void BeginWrite(GenerationNumber generation)
    {
        lock (_lock)
        {
            ThrowIfOver(generation);
            _previous = null;
        }
    }

    /// <summary>The state that was written becomes the current one, by <paramref name="flip"/>, which is quick and returns it.</summary>
    /// <exception cref="OperationCanceledException">The generation is over; nothing was done.</exception>
    public HeldState Flip(GenerationNumber generation, Func<HeldState> flip)
    {
        lock (_lock)
        {
            ThrowIfOver(generation);
            var next = flip();
            (_previous, _current) = (_current, next);
            return next;
        }
    }

    /// <summary>Goes back to the state before the current one, if that is the one wanted and still there. False: it is not.</summary>
    /// <exception cref="OperationCanceledException">The generation is over; nothing was done.</exception>
    public bool FlipBackTo(GenerationNumber generation, HeldState wanted, Action flip)
    {
        lock (_lock)
        {
            ThrowIfOver(generation);
            if (_previous is not { } previous || !previous.Is(wanted))
            {
                return false;
            }

            flip();
            (_current, _previous) = (_previous, null);
            return true;
        }
    }

    /// <summary>A state has come from elsewhere, and is the only one.</summary>
    public void Take(HeldState state)
    {
        lock (_lock)
        {
            (_current, _previous) = (state, null);
            _committed = Math.Max(_committed, state.Item);
        }
    }

    /// <summary>A state has changed in memory: the worker holds it no more.</summary>
    public void Forget(ulong hash)
    {
        lock (_lock)
        {
            _current = _current?.Hash == hash ? null : _current;
            _previous = _previous?.Hash == hash ? null : _previous;
        }
    }

    /// <summary>The worker's state is being written over from elsewhere: it holds nothing for the moment.</summary>
    public void Drop()
    {
        lock (_lock)
        {
            (_current, _previous) = (null, null);
        }
    }

    private void ThrowIfOver(GenerationNumber generation)
    {
        if (generation < _authority)
        {
            throw new OperationCanceledException($"Generation {generation} is over, {_authority} is the lowest that counts.");
        }
    }
}
