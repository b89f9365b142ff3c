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
        if (_newer == Side.Device)
        {
            Download(tensor);
            _newer = Side.Neither;
        }

        return tensor.Host;
    }

    /// <summary>A part of the buffer alone.</summary>
    public ReadOnlySpan<float> Read(Tensor part)
    {
        if (_newer == Side.Device)
        {
            Download(part);
        }

        return part.Host;
    }

    /// <summary>The buffer to be changed, until the device is next used.</summary>
    public Span<float> Edit()
    {
        Read();
        _newer = Side.Host;
        return tensor.Host;
    }

    /// <summary>Changes a part of the buffer on both sides.</summary>
    public void Write(Tensor part, ReadOnlySpan<float> values)
    {
        device.Synchronize();
        values.CopyTo(part.Host);
        if (_newer != Side.Host)
        {
            device.Upload(part);
            device.Synchronize();
        }
    }

    /// <summary>To be called before the device reads the buffer.</summary>
    public void BringToDevice()
    {
        if (_newer == Side.Host)
        {
            device.Upload(tensor);
            _newer = Side.Neither;
        }
    }

    /// <summary>To be called when the device has been told to change the buffer.</summary>
    public void ChangedOnDevice() => _newer = Side.Device;

    private void Download(Tensor part)
    {
        device.Download(part);
        device.Synchronize();
    }
}
