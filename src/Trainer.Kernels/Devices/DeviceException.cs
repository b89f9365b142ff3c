namespace Trainer.Kernels.Devices;

/// <summary>A device that is not there or cannot be used: what was asked for, why not, and what there is instead.</summary>
public sealed class DeviceException(string message, Exception? inner = null) : Exception(message, inner);
