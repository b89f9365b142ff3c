using Trainer.Kernels.Sharding;

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
    private int[] _positions = [];
    private int[] _partners = [];

    /// <summary>Among the loader's sets.</summary>
    public int Set { get; private set; }

    /// <summary>Of what transforms draw; 0 in evaluation.</summary>
    public int Epoch { get; private set; }

    public int Count { get; private set; }

    /// <summary>The step that the batch is for, where samples may be mixed; 0 elsewhere.</summary>
    public ulong Step { get; private set; }

    public ReadOnlySpan<int> Samples => _samples.AsSpan(0, Count);

    public int this[int position] => _samples[position];

    /// <summary>Where a sample is in the epoch, whoever has it: what transforms draw of samples that come several times.</summary>
    internal int InEpoch(int position) => _positions[position];

    /// <summary>The position of the sample that another one is mixed with.</summary>
    public int PartnerOf(int position) => _partners[position];

    public void Begin(int set, int epoch) => (Set, Epoch, Count, Step) = (set, epoch, 0, 0);

    /// <summary>Says who is mixed with whom, once all samples are there.</summary>
    /// <param name="step">From 1.</param>
    /// <param name="slice">Whose local samples they are.</param>
    public void Pair(ulong step, BatchSlice slice)
    {
        if (_partners.Length < Count)
        {
            _partners = new int[Count];
        }

        slice.FillPartners(_partners.AsSpan(0, Count));
        Step = step;
    }

    /// <param name="samples">That follow each other in the epoch.</param>
    /// <param name="first">Where the first of them is in the epoch.</param>
    public void Add(ReadOnlySpan<int> samples, int first)
    {
        if (Count + samples.Length > _samples.Length)
        {
            Array.Resize(ref _samples, Count + samples.Length);
            Array.Resize(ref _positions, Count + samples.Length);
        }

        samples.CopyTo(_samples.AsSpan(Count));
        for (var i = 0; i < samples.Length; i++)
        {
            _positions[Count + i] = first + i;
        }

        Count += samples.Length;
    }
}
