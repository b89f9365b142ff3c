using System.Runtime.ExceptionServices;

namespace Trainer.Kernels.Devices.Cpu.Threading;

/// <summary>
/// The compute threads of one device: the calling thread and T - 1 of its own. Pieces of work are taken as threads come free;
/// a thread that comes late, because another process has its core, is not waited for.
/// </summary>
/// <remarks>
/// One word holds the state: number of the work, whether it is open, and how many threads are in it. A thread joins by
/// compare-and-swap while the work is open; the caller closes it once no piece is left to take, and waits only for those inside.
/// Idle threads spin for some microseconds, since the next operation of a step follows soon, and then sleep until woken.
/// </remarks>
internal sealed class ThreadTeam : IDisposable
{
    private const long Open = 1L << 16;
    private const long ActiveMask = Open - 1;
    private const int Spins = 60;
    private const int FewThreads = 8;

    private readonly Thread[] _threads;
    private readonly Lock _calls = new();
    private readonly object _wake = new();
    private readonly object _done = new();

    private ParallelWork? _work;
    private int _pieces;
    private int _next;
    private long _state;
    private int _sleeping;
    private int _callerSleeps;
    private volatile bool _disposed;
    private ExceptionDispatchInfo? _failure;

    /// <param name="processors">What its own threads keep to; null: any.</param>
    public ThreadTeam(int threads, Processors? processors = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _threads = new Thread[threads - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            var number = i + 1;
            _threads[i] = new Thread(() => Serve(number, processors)) { IsBackground = true, Name = $"trainer-cpu-{number}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that compute, the caller included.</summary>
    public int Count => _threads.Length + 1;

    /// <summary>Pieces of work from which on no thread waits long for the last of the others: the more threads there are, the more each has to have.</summary>
    public int EnoughPieces => (Count > FewThreads ? 4 : 2) * Count;

    /// <summary>Told of each work and its pieces before it runs: for tests.</summary>
    public Action<ParallelWork, int>? Running { get; set; }

    /// <summary>Runs all pieces and returns when the last one is done. An exception of a piece is thrown here.</summary>
    public void Run(ParallelWork work, int pieces)
    {
        Running?.Invoke(work, pieces);
        if (_threads.Length == 0 || pieces <= 1)
        {
            for (var piece = 0; piece < pieces; piece++)
            {
                work.Run(piece, 0);
            }

            return;
        }

        lock (_calls)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            (_work, _pieces, _next) = (work, pieces, 0);
            var number = (Volatile.Read(ref _state) & ~(Open | ActiveMask)) + (Open << 1);
            Interlocked.Exchange(ref _state, number | Open);
            WakeSleepers();
            TakePieces(0);
            Interlocked.And(ref _state, ~Open);
            AwaitThreadsInside();
            _work = null;
            var failure = Interlocked.Exchange(ref _failure, null);
            failure?.Throw();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        lock (_wake)
        {
            Monitor.PulseAll(_wake);
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    private void Serve(int number, Processors? processors)
    {
        processors?.Bind();
        var seen = 0L;
        while (AwaitWork(ref seen))
        {
            TakePieces(number);
            if ((Interlocked.Decrement(ref _state) & (Open | ActiveMask)) == 0 && Volatile.Read(ref _callerSleeps) != 0)
            {
                lock (_done)
                {
                    Monitor.Pulse(_done);
                }
            }
        }
    }

    private void TakePieces(int thread)
    {
        try
        {
            for (var piece = Interlocked.Increment(ref _next) - 1; piece < _pieces; piece = Interlocked.Increment(ref _next) - 1)
            {
                _work!.Run(piece, thread);
            }
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            Volatile.Write(ref _next, int.MaxValue / 2);
        }
    }

    /// <summary>Returns once this thread has joined work that it has not seen; false when the team is disposed.</summary>
    private bool AwaitWork(ref long seen)
    {
        for (var spin = 0; !_disposed; spin++)
        {
            var state = Volatile.Read(ref _state);
            if (IsNew(state, seen))
            {
                if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
                {
                    seen = state & ~(Open | ActiveMask);
                    return true;
                }
            }
            else if (spin < Spins)
            {
                Thread.SpinWait(20);
            }
            else
            {
                Sleep(seen);
                spin = 0;
            }
        }

        return false;
    }

    private static bool IsNew(long state, long seen) => (state & Open) != 0 && (state & ~(Open | ActiveMask)) != seen;

    private void Sleep(long seen)
    {
        lock (_wake)
        {
            Interlocked.Increment(ref _sleeping);
            while (!_disposed && !IsNew(Volatile.Read(ref _state), seen))
            {
                Monitor.Wait(_wake);
            }

            Interlocked.Decrement(ref _sleeping);
        }
    }

    private void WakeSleepers()
    {
        if (Volatile.Read(ref _sleeping) == 0)
        {
            return;
        }

        lock (_wake)
        {
            Monitor.PulseAll(_wake);
        }
    }

    private void AwaitThreadsInside()
    {
        for (var spin = 0; spin < Spins; spin++)
        {
            if ((Volatile.Read(ref _state) & ActiveMask) == 0)
            {
                return;
            }

            Thread.SpinWait(20);
        }

        lock (_done)
        {
            Interlocked.Exchange(ref _callerSleeps, 1);
            while ((Volatile.Read(ref _state) & ActiveMask) != 0)
            {
                Monitor.Wait(_done);
            }

            Volatile.Write(ref _callerSleeps, 0);
        }
    }
}
