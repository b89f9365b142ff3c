using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Training;

/// <summary>A buffer that steps change on the device and people read and write on the host; copied only when the other side is to be used.</summary>
internal sealed class StateBuffer(Device device, Tensor tensor)
{
    private Side _newer = Side.Neither;

    private enum Side
    {
        Neither,
        Host,
        Device,
    }

    public ReadOnlySpan<float> Read()
    {
        if (tensor.IsEmpty)
        {
            return [];
        }

        if (_newer == Side.Device)
        {
            device.Download(tensor);
            device.Synchronize();
            _newer = Side.Neither;
        }

        return tensor.Host;
    }

    /// <summary>The same to be changed, until the device is next used.</summary>
    public Span<float> Edit()
    {
        Read();
        _newer = Side.Host;
        return tensor.IsEmpty ? [] : tensor.Host;
    }

    /// <summary>To be called before the device reads the buffer.</summary>
    public void BringToDevice()
    {
        if (_newer == Side.Host && !tensor.IsEmpty)
        {
            device.Upload(tensor);
        }

        _newer = _newer == Side.Host ? Side.Neither : _newer;
    }

    /// <summary>To be called when the device has been told to change the buffer.</summary>
    public void ChangedOnDevice() => _newer = Side.Device;
}
