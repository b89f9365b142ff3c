using Trainer.Kernels.Canonical;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>What a node computes before it joins: every device comes to the hash that is kept.</summary>
public abstract class GoldenStepSuite(DeviceVariants variants)
{
    [Fact]
    public void Every_device_comes_to_the_hash_that_is_kept() => Assert.All(
        variants.All, device => Assert.Equal($"{GoldenStep.Known[Numerics.Id]:x16} on {device.Description}", $"{GoldenStep.Compute(device):x16} on {device.Description}"));

    [Fact]
    public void Another_hash_is_refused_with_both_and_with_what_to_do()
    {
        var device = variants.All[0];
        var refusal = GoldenStep.Refuse(device, new Dictionary<string, ulong> { [device.NumericsId] = GoldenStep.Known[Numerics.Id] ^ 1 });
        Assert.Equal(
            $"Device {device.Name} ({device.Description}) computes wrong bits: the golden step under {device.NumericsId} ends with state hash {GoldenStep.Known[Numerics.Id]:x16}, "
                + $"expected {GoldenStep.Known[Numerics.Id] ^ 1:x16}. Take this machine out of use and test its processor, memory and device; if every machine says this, "
                + "the program is broken: report it with this line.",
            refusal);
    }

    [Fact]
    public void Nothing_is_refused_where_nothing_is_known() => Assert.Null(GoldenStep.Refuse(variants.All[0], new Dictionary<string, ulong>()));
}
