using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Tensors that lie unaligned between guards, so that a write beyond an end is found.</summary>
public sealed class Guarded : IDisposable
{
    private const int Before = 5;
    private const int After = 37;
    private const float Guard = -12345.678f;
    private readonly List<(Device Device, Tensor Tensor)> _tensors = [];

    public Tensor Input(Device device, ReadOnlySpan<float> values)
    {
        var tensor = Reserve(device, values.Length);
        values.CopyTo(tensor.Host);
        return Upload(device, tensor);
    }

    public Tensor Labels(Device device, ReadOnlySpan<int> values)
    {
        var tensor = Reserve(device, values.Length);
        values.CopyTo(tensor.HostInts);
        return Upload(device, tensor);
    }

    /// <summary>Holds NaN, so that what is not written is found.</summary>
    /// <param name="aligned">To a cache line, for once.</param>
    public Tensor Output(Device device, long elements, bool aligned = false)
    {
        var tensor = Reserve(device, elements, aligned ? 16 : Before);
        tensor.Host.Fill(float.NaN);
        return Upload(device, tensor);
    }

    public void Dispose()
    {
        foreach (var (device, tensor) in _tensors)
        {
            var memory = device.Read(new Tensor(tensor.Memory, 0, tensor.Memory.Elements));
            Assert.Equal(-1, memory.AsSpan(0, (int)tensor.Offset).IndexOfAnyExcept(Guard));
            Assert.Equal(-1, memory.AsSpan()[^After..].IndexOfAnyExcept(Guard));
            tensor.Memory.Dispose();
        }
    }

    private Tensor Reserve(Device device, long elements, int before = Before)
    {
        var memory = device.Allocate(before + elements + After);
        memory.Host.Fill(Guard);
        var tensor = new Tensor(memory, before, elements);
        _tensors.Add((device, tensor));
        return tensor;
    }

    /// <summary>With its guards.</summary>
    private static Tensor Upload(Device device, Tensor tensor)
    {
        device.Upload(new Tensor(tensor.Memory, 0, tensor.Memory.Elements));
        return tensor;
    }
}
