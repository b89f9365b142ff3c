namespace Trainer.Kernels.Training;

/// <summary>How weights follow from gradients; options only, the state lives in the <see cref="Network"/>.</summary>
public interface IOptimizer
{
    /// <summary>Flat state buffers it needs, each as long as the weights.</summary>
    int StateBuffers { get; }
}

/// <summary>Stochastic gradient descent as torch.optim.SGD: g += wd w; v = momentum v + g (v = g at the first step); w -= lr v.</summary>
public sealed record Sgd(float LearningRate, float Momentum = 0, float WeightDecay = 0) : IOptimizer
{
    public int StateBuffers => Momentum == 0 ? 0 : 1;
}
