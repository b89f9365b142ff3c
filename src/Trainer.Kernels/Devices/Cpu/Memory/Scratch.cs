namespace Trainer.Kernels.Devices.Cpu.Memory;

/// <summary>Scratch memory of a device: one part shared by its threads and one part each. Operations run one at a time and reuse it.</summary>
internal sealed unsafe class Scratch : IDisposable
{
    private readonly NativeBuffer _shared = new();
    private readonly NativeBuffer[] _own;
    private float*[] _ownPointers;

    public Scratch(int threads)
    {
        _own = new NativeBuffer[threads];
        _ownPointers = new float*[threads];
        for (var i = 0; i < threads; i++)
        {
            _own[i] = new NativeBuffer();
        }
    }

    /// <summary>Called on the calling thread before the pieces of an operation run.</summary>
    public float* Shared(long elements) => _shared.Ensure<float>(elements + CpuMemory.Slack);

    /// <summary>Makes every thread's own part at least this big; called before the pieces run.</summary>
    public void EnsureOwn(long elements)
    {
        for (var i = 0; i < _own.Length; i++)
        {
            _ownPointers[i] = _own[i].Ensure<float>(elements + CpuMemory.Slack);
        }
    }

    public float* Own(int thread) => _ownPointers[thread];

    public void Dispose()
    {
        _shared.Dispose();
        foreach (var own in _own)
        {
            own.Dispose();
        }

        _ownPointers = [];
    }
}
