using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Networks;

namespace Trainer.Kernels.Tests.Gpu;

// GpuLayerBitsTests trains with all layers, losses and optimizers and compares every bit with the CPU's: it is what any change is tried with.
// The suites that compare operation by operation, in many sizes, are long: OpenCL on a CPU takes its time.

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuConv2dTests() : Conv2dSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuLinearTests() : LinearSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuNormalizationTests() : NormalizationSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuSharedNormTests() : SharedNormSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuPoolingTests() : PoolingSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuElementwiseTests() : ElementwiseSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuLossTests() : LossSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuUpdateTests() : UpdateSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuStateTests() : StateSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
public sealed class GpuGoldenStepTests() : GoldenStepSuite(GpuVariants.Required());

[Collection(GpuVariants.Serial)]
public sealed class GpuLayerBitsTests() : LayerBitsSuite(GpuVariants.Required())
{
    /// <summary>One number shows what a slice with several roots does; <see cref="GpuNetworkBitsTests"/> have them all.</summary>
    protected override int[] Workers => [3];
}

[Collection(GpuVariants.Serial)]
[Trait("Category", "Long")]
public sealed class GpuNetworkBitsTests() : NetworkBitsSuite(GpuVariants.Required())
{
    /// <summary>All networks are compared with the CPU; that a GPU's bits do not depend on workers either, two of them show.</summary>
    [Theory]
    [InlineData("lenet")]
    [InlineData("densenet")]
    public void Workers(string name) => MustNotDependOnWorkers(name);

    [Theory]
    [InlineData("lenet")]
    [InlineData("densenet")]
    public void One_sample_alone_and_among_others(string name) => MustNotDependOnNeighbours(name);
}

/// <summary>What kinds of GPU this run has seen: each that is missing is one skipped test.</summary>
[Collection(GpuVariants.Serial)]
public sealed class GpuPresenceTests
{
    [Theory]
    [InlineData("opencl")]
    [InlineData("cuda")]
    public void A_device_is_present(string kind) => Assert.SkipUnless(
        GpuVariants.Devices.Any(device => device.Name.StartsWith(kind, StringComparison.Ordinal)), $"There is no {kind} device: nothing was tested on one.");
}
