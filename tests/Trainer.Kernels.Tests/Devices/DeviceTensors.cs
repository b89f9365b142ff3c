using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Tensors' values from and to the host, as any device needs it: a GPU's host view is a mirror.</summary>
internal static class DeviceTensors
{
    /// <summary>A tensor of these values in memory of its own.</summary>
    public static Tensor Place(this Device device, ReadOnlySpan<float> values) => device.Write(device.Zeros(values.Length), values);

    public static Tensor Place(this Device device, ReadOnlySpan<int> labels)
    {
        var tensor = device.Zeros(labels.Length);
        labels.CopyTo(tensor.HostInts);
        device.Upload(tensor);
        return tensor;
    }

    public static Tensor Zeros(this Device device, long elements) => new(device.Allocate(elements), 0, elements);

    public static Tensor Write(this Device device, Tensor tensor, ReadOnlySpan<float> values)
    {
        values.CopyTo(tensor.Host);
        device.Upload(tensor);
        return tensor;
    }

    public static float[] Read(this Device device, Tensor tensor)
    {
        device.Download(tensor);
        device.Synchronize();
        return tensor.Host.ToArray();
    }
}
