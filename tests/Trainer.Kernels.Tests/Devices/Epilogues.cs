using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>What the tests of products try at every shape.</summary>
public static class Epilogues
{
    /// <summary>Activations that the reference computes to the last bit, forward and back.</summary>
    public static IReadOnlyList<Activation> Exact { get; } = [Activation.None, Activation.Relu, Activation.LeakyRelu(0.1f)];

    /// <summary>Samples that are runs of a larger tensor, 7 elements apart.</summary>
    public static Tensor Strided(Guarded tensors, Device device, int samples, int elements, ulong seed)
    {
        var values = TestData.Values((samples * (elements + 7)) - 7, seed);
        return tensors.Input(device, values) with { SampleStride = elements + 7 };
    }
}
