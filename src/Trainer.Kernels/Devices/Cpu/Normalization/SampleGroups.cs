using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>Which batch norm group each local sample is of.</summary>
internal sealed unsafe class SampleGroups : IDisposable
{
    private readonly NativeBuffer _ofSample = new();

    public int* OfSample { get; private set; }

    public void Describe(GroupPlan groups)
    {
        OfSample = _ofSample.Ensure<int>(groups.Slice.LocalSamples);
        for (var i = 0; i < groups.Count; i++)
        {
            new Span<int>(OfSample + groups[i].FirstSample, groups[i].Samples).Fill(i);
        }
    }

    /// <summary>All samples in one group, for evaluation.</summary>
    public void DescribeOne(int samples)
    {
        OfSample = _ofSample.Ensure<int>(samples);
        new Span<int>(OfSample, samples).Clear();
    }

    public void Dispose() => _ofSample.Dispose();
}
