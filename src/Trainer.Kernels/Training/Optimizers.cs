using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Training;

/// <summary>How weights follow from gradients; options only, the state lives in the <see cref="Network"/>.</summary>
public interface IOptimizer
{
    /// <summary>Flat state buffers it needs, each as long as the weights.</summary>
    int StateBuffers { get; }

    /// <summary>One pass over the flat buffers; returns a 64-bit hash of the new weights.</summary>
    /// <param name="device">Where the tensors lie.</param>
    /// <param name="weights">Changed in place.</param>
    /// <param name="total">The batch's gradient, divided by B.</param>
    /// <param name="state">The state buffers one after another; empty when there are none.</param>
    ulong Apply(Device device, Tensor weights, Tensor total, Tensor state);
}

/// <summary>Stochastic gradient descent as torch.optim.SGD: g += wd w; v = momentum v + g (v = g at the first step); w -= lr v.</summary>
public sealed record Sgd(float LearningRate, float Momentum = 0, float WeightDecay = 0) : IOptimizer
{
    public int StateBuffers => Momentum == 0 ? 0 : 1;

    public ulong Apply(Device device, Tensor weights, Tensor total, Tensor state) =>
        device.Update(
        [new UpdateRun(UpdateRule.Sgd, weights.Elements) { LearningRate = LearningRate, Momentum = Momentum, WeightDecay = WeightDecay }], 1, weights, total, state, default);
}
