namespace Trainer.Kernels.Data;

/// <summary>Says which samples the batches hold that follow each other. What a batch is made of stays apart from how it is read.</summary>
public interface IBatchPlan
{
    /// <summary>Names the samples of the next batch; false: none follows.</summary>
    bool Next(BatchSamples batch);
}

/// <summary>The samples of a batch: which set they are of, in which epoch, and where they are in it.</summary>
public sealed class BatchSamples
{
    private int[] _samples = [];

    /// <summary>Among the loader's sets.</summary>
    public int Set { get; private set; }

    /// <summary>Of what transforms draw; 0 in evaluation.</summary>
    public int Epoch { get; private set; }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Samples => _samples.AsSpan(0, Count);

    public int this[int position] => _samples[position];

    public void Begin(int set, int epoch) => (Set, Epoch, Count) = (set, epoch, 0);

    public void Add(ReadOnlySpan<int> samples)
    {
        if (Count + samples.Length > _samples.Length)
        {
            Array.Resize(ref _samples, Count + samples.Length);
        }

        samples.CopyTo(_samples.AsSpan(Count));
        Count += samples.Length;
    }
}
