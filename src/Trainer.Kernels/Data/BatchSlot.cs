using System.Runtime.ExceptionServices;

namespace Trainer.Kernels.Data;

/// <summary>A batch that is read ahead: its samples are claimed one by one, in order, by whatever thread is free. All members are called under the loader's lock.</summary>
internal sealed class BatchSlot
{
    private float[] _images = [];
    private int[] _labels = [];
    private int _claimed;
    private int _read;
    private int _inFlight;
    private ExceptionDispatchInfo? _failure;

    public BatchSamples Batch { get; } = new();

    public float[] Images => _images;

    public int[] Labels => _labels;

    /// <summary>Whether somebody may claim a sample.</summary>
    public bool HasMore => _claimed < Batch.Count && _failure is null;

    /// <summary>Whether all are there, or one cannot be had.</summary>
    public bool IsReady => _read == Batch.Count || _failure is not null;

    /// <summary>Whether samples are being read now.</summary>
    public bool IsBusy => _inFlight > 0;

    /// <param name="stride">Of an image.</param>
    public void Begin(int stride)
    {
        (_claimed, _read, _failure) = (0, 0, null);
        if (_images.Length < Batch.Count * stride)
        {
            _images = new float[Batch.Count * stride];
        }

        if (_labels.Length < Batch.Count)
        {
            _labels = new int[Batch.Count];
        }
    }

    public int Claim()
    {
        _inFlight++;
        return _claimed++;
    }

    public void Done(Exception? failure)
    {
        _inFlight--;
        _read++;
        _failure ??= failure is null ? null : ExceptionDispatchInfo.Capture(failure);
    }

    /// <summary>No more of it is wanted.</summary>
    public void Discard() => _claimed = Batch.Count;

    /// <exception cref="DataFileException">A sample cannot be read.</exception>
    public void ThrowIfFailed() => _failure?.Throw();
}
