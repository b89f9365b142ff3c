namespace Trainer.Kernels.Devices;

/// <summary>A network does not fit the memory of a device, not even one group of shards at a time; or a tensor does not.</summary>
public sealed class DeviceMemoryException(string message) : Exception(message);
