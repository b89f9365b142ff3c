using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>What the golden step sees, and what it costs.</summary>
[Collection(CpuVariants.Serial)]
public sealed class GoldenStepTests
{
    [Fact]
    public void One_wrong_bit_of_one_gradient_is_seen()
    {
        using var device = new FaultyDevice(CpuDevice.Create(threads: 1));
        Assert.Contains($"expected {GoldenStep.Known[Numerics.Id]:x16}", GoldenStep.Refuse(device, GoldenStep.Known), StringComparison.Ordinal);
    }

    /// <summary>A processor whose loss has the lowest bit of one value wrong, once in each step.</summary>
    private sealed class FaultyDevice(CpuDevice device) : Device, ILosses
    {
        public override string Name => device.Name;

        public override string Description => device.Description;

        public override int Threads => device.Threads;

        public override string NumericsId => device.NumericsId;

        public override long AllocatedMemory => device.AllocatedMemory;

        public override IProducts Products => device.Products;

        public override IPooling Pooling => device.Pooling;

        public override INormalization Normalization => device.Normalization;

        public override IElementwise Elementwise => device.Elementwise;

        public override ILosses Losses => this;

        public override IUpdates Updates => device.Updates;

        public override DeviceMemory Allocate(long elements) => device.Allocate(elements);

        public override void Clear(Tensor tensor) => device.Clear(tensor);

        public override void Dispose() => device.Dispose();

        public void SoftmaxCrossEntropy(in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx)
        {
            device.Losses.SoftmaxCrossEntropy(options, classes, samples, logits, labels, loss, correct, dx);
            dx.Host[3] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(dx.Host[3]) ^ 1);
        }

        public void SquaredError(in LossFactors factors, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx) => throw new NotSupportedException();

        public void BinaryCrossEntropy(
            in LossFactors factors, long elements, int samples, Tensor weights, Tensor positiveWeights, Tensor logits, Tensor target, Tensor loss, Tensor correct, Tensor dx) =>
            throw new NotSupportedException();
    }
}
