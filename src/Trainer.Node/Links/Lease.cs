using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using Trainer.Kernels.Devices.Cpu.Memory;

namespace Trainer.Node.Links;

/// <summary>A pooled buffer of native memory, aligned to 64 bytes, on loan: whoever consumes it last gives it back.</summary>
/// <remarks>Counted references, one at first. The memory may not be touched after the last <see cref="Release"/>.</remarks>
[SuppressMessage("Usage", "CA2213", Justification = "The pool outlives its leases' use and frees their memory.")]
public sealed unsafe class Lease : MemoryManager<float>
{
    private readonly LeasePool _pool;
    private void* _memory;
    private int _references;

    internal Lease(LeasePool pool, int sizeClass, void* memory)
    {
        (_pool, SizeClass) = (pool, sizeClass);
        _memory = memory;
    }

    /// <summary>Length of the payload, in bytes.</summary>
    public int Length { get; private set; }

    public Span<byte> Bytes => MemoryMarshal.AsBytes(GetSpan());

    internal int SizeClass { get; }

    public override Span<float> GetSpan()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _references) <= 0 || _memory is null, this);
        return new Span<float>(_memory, (Length + 3) / sizeof(float));
    }

    public Lease Retain()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left == 0)
        {
            _pool.Return(this);
        }
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new((float*)_memory + elementIndex);

    public override void Unpin()
    {
    }

    internal Lease Lend(int length)
    {
        (Length, _references) = (length, 1);
        return this;
    }

    /// <summary>Its memory is about to go.</summary>
    internal void Forget() => _memory = null;

    protected override void Dispose(bool disposing) => Release();
}

/// <summary>Buffers by size class (powers of two), cut from slabs of huge pages; what comes back is lent again, so a steady state allocates nothing.</summary>
public sealed unsafe class LeasePool : IDisposable
{
    private const int SmallestClass = 12;
    private const int LargestClass = 26;
    private const nuint SlabBytes = 4 << 20;

    private readonly Stack<Lease>[] _idle = [.. Enumerable.Range(0, LargestClass + 1).Select(_ => new Stack<Lease>())];
    private readonly List<Lease> _all = [];
    private readonly List<nuint> _slabs = [];
    private readonly Lock _lock = new();
    private nuint _next;
    private nuint _left;
    private long _bytes;
    private int _lent;

    /// <summary>Buffers on loan.</summary>
    public int Lent => Volatile.Read(ref _lent);

    /// <summary>Native memory that it holds, lent or not.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <param name="length">Bytes, at most <see cref="FrameHeader.MaxPayload"/>.</param>
    public Lease Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, FrameHeader.MaxPayload);
        var sizeClass = Math.Max(SmallestClass, BitOperations.Log2((uint)Math.Max(1, length - 1)) + 1);
        lock (_lock)
        {
            _lent++;
            return (_idle[sizeClass].TryPop(out var idle) ? idle : Create(sizeClass)).Lend(length);
        }
    }

    /// <summary>Frees all buffers, lent ones too: whoever disposes has stopped everybody who could touch one.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _all.ForEach(lease => lease.Forget());
            _slabs.ForEach(slab => NativeMemory.AlignedFree((void*)slab));
            _all.Clear();
            _slabs.Clear();
            _left = 0;
            Array.ForEach(_idle, stack => stack.Clear());
        }
    }

    internal void Return(Lease lease)
    {
        lock (_lock)
        {
            _lent--;
            _idle[lease.SizeClass].Push(lease);
        }
    }

    private Lease Create(int sizeClass)
    {
        var lease = new Lease(this, sizeClass, Cut((nuint)1 << sizeClass));
        _all.Add(lease);
        return lease;
    }

    /// <summary>From the slab in use, or else from a new one, which is used next; a buffer as large as a slab is one.</summary>
    private void* Cut(nuint bytes)
    {
        if (bytes >= SlabBytes)
        {
            return (void*)AllocateSlab(bytes);
        }

        if (bytes > _left)
        {
            (_next, _left) = (AllocateSlab(SlabBytes), SlabBytes);
        }

        var cut = _next;
        (_next, _left) = (_next + bytes, _left - bytes);
        return (void*)cut;
    }

    private nuint AllocateSlab(nuint bytes)
    {
        var slab = (nuint)HugePages.Allocate(bytes, alignment: 64);
        _slabs.Add(slab);
        _bytes += (long)bytes;
        return slab;
    }
}
