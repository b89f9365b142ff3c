using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>
/// The whole <see cref="Device"/> contract, naive, scalar and on one thread, in the canonical arithmetic: what a fast device
/// must equal bit for bit. Only exp and log are those of double precision, so sigmoid and softmax are to be compared within
/// a tolerance; each device has a hash of its own for an update.
/// </summary>
/// <remarks>
/// Where the contract leaves a choice, this is what "canonical" means here: padding takes part in chains as zeros; bias
/// comes after the chain, y = chain + b; an activation's derivative is multiplied as dx * (y * (1 - y)), each operation
/// rounded; averages divide by the window's size; in an update every multiply-add is fused.
/// </remarks>
public sealed class ReferenceDevice : Device
{
    public override string Name => "reference";

    public override string Description => "naive scalar reference, 1 thread";

    public override int Threads => 1;

    public override string NumericsId => "reference";

    public override long AllocatedMemory => 0;

    public override IProducts Products { get; } = new ReferenceProducts();

    public override IPooling Pooling { get; } = new ReferencePooling();

    public override INormalization Normalization { get; } = new ReferenceNormalization();

    public override IElementwise Elementwise { get; } = new ReferenceElementwise();

    public override ILosses Losses { get; } = new ReferenceLosses();

    public override IUpdates Updates { get; } = new ReferenceUpdates();

    public override DeviceMemory Allocate(long elements) => new ArrayMemory(elements);

    public override void Clear(Tensor tensor) => tensor.Host.Clear();

    public override void Dispose()
    {
    }

    private sealed class ArrayMemory(long elements) : DeviceMemory
    {
        private readonly float[] _values = new float[elements];

        public override long Elements => _values.Length;

        public override Span<float> Host => _values;

        public override void Dispose()
        {
        }
    }
}
