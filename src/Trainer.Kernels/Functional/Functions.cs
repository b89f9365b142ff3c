using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Functional;

/// <summary>One layer's mathematics on arrays: torch.nn.functional and torch.nn.grad, without a model around it.</summary>
/// <remarks>
/// An array of rank 4 or 2 is a batch of samples, (N,C,H,W) or (N,F); one of rank 3 or 1 is a sample by itself, and so is what comes out.
/// Kernels are those that networks run, so the bits are theirs. Each call takes memory on the device and gives it back: networks are for training, this is for looking.
/// </remarks>
/// <param name="device">Stays the caller's to dispose.</param>
public sealed class Functions(Device device)
{
    /// <summary>Cross-correlation: x (N,C,H,W), weight (K,C/groups,R,S), bias (K)  ->  (N,K,P,Q), as <see cref="Layers.Conv2d"/> has it.</summary>
    /// <param name="stride">Default: 1.</param>
    /// <param name="padding">Zeros on each side. Default: 0.</param>
    /// <param name="dilation">Pixels from one tap to the next. Default: 1.</param>
    /// <exception cref="ArgumentException">The weight has not four dimensions.</exception>
    /// <exception cref="ModelException">Sizes or options do not fit.</exception>
    public NdArray Conv2d(NdArray x, NdArray weight, NdArray? bias = null, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1)
    {
        if (weight.Shape.Rank != 4)
        {
            throw new ArgumentException($"The weight is {weight.Shape}; expected (output channels, input channels / groups, rows, columns).", nameof(weight));
        }

        var layer = new Conv2d(weight.Shape[0], (weight.Shape[2], weight.Shape[3]))
        {
            Stride = stride ?? 1,
            Padding = padding ?? 0,
            Dilation = dilation ?? 1,
            Groups = groups,
            Bias = bias is not null,
        };
        return bias is null ? Apply(layer, x, weight) : Apply(layer, x, weight, bias);
    }

    /// <summary>The largest of each window.</summary>
    /// <param name="stride">Default: the kernel's size.</param>
    /// <param name="padding">Default: 0.</param>
    /// <exception cref="ModelException">Sizes or options do not fit.</exception>
    public NdArray MaxPool2d(NdArray x, Size2 kernelSize, Size2? stride = null, Size2? padding = null) =>
        Apply(new MaxPool2d(kernelSize) { Stride = stride ?? kernelSize, Padding = padding ?? 0 }, x);

    /// <summary>The average of each window.</summary>
    /// <param name="stride">Default: the kernel's size.</param>
    /// <param name="padding">Zeros, which count. Default: 0.</param>
    /// <exception cref="ModelException">Sizes or options do not fit.</exception>
    public NdArray AvgPool2d(NdArray x, Size2 kernelSize, Size2? stride = null, Size2? padding = null) =>
        Apply(new AvgPool2d(kernelSize) { Stride = stride ?? kernelSize, Padding = padding ?? 0 }, x);

    /// <summary>y of any layer, as in an evaluation: torch.func.functional_call. Running statistics are those of a layer that has seen nothing.</summary>
    /// <param name="parameters">In torch.nn's order: weight, bias.</param>
    /// <exception cref="ModelException">The layer's options, x or a parameter do not fit.</exception>
    public NdArray Apply(Layer layer, NdArray x, params ReadOnlySpan<NdArray> parameters)
    {
        using var run = new LayerPass(device, layer, x, parameters);
        return run.Forward();
    }

    /// <summary>What a change of x and of each parameter does to a sum over y whose derivative is dy: torch.autograd.grad.</summary>
    /// <remarks>As in a training step, with y of such a step: a batch norm takes the mean and the variance of x, dropout draws (seed 0, step 0), so that y is not what <see cref="Apply"/> gives.</remarks>
    /// <param name="dy">Of the shape of y.</param>
    /// <param name="parameters">As for <see cref="Apply"/>.</param>
    /// <exception cref="ModelException">The layer's options, x, dy or a parameter do not fit.</exception>
    public LayerGradients Gradients(Layer layer, NdArray x, NdArray dy, params ReadOnlySpan<NdArray> parameters)
    {
        using var run = new LayerPass(device, layer, x, parameters);
        return run.Backward(dy);
    }
}

/// <param name="Dx">Of the shape of x.</param>
/// <param name="Parameters">Of the parameters' shapes, in their order; sums over the samples.</param>
public sealed record LayerGradients(NdArray Dx, IReadOnlyList<NdArray> Parameters);
