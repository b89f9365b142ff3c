using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices;

/// <summary>Where a network's tensors live and its operations run: some threads of this machine's CPU, or a GPU.</summary>
/// <remarks>
/// Operations are semantic and obey the canonical arithmetic: no bit of a result depends on threads, on the number of
/// local samples, on the instruction set, on addresses or on tile sizes. Tensors are NCHW, dense, float32. Operations run
/// in the order of the calls; a device serves one call at a time; its threads are its own, never the .NET thread
/// pool's. Nothing here allocates on the managed heap once warm. Wrong operands are <see cref="ArgumentException"/>s that
/// name the operation, what it got and what it expected.
/// <para>
/// Where rule 3 of the canonical arithmetic leaves a choice: padding takes part in chains as zeros (a device may leave out
/// the filter rows that meet nothing else); a bias is added to the finished dot product, then the activation is applied;
/// the derivative of a sigmoid is multiplied as dx * (y * (1 - y)), each operation rounded.
/// </para>
/// </remarks>
public abstract class Device : IDisposable
{
    /// <summary>As a user names it: <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What runs behind it, for people: <c>AMD EPYC, AVX-512, 2 threads</c>.</summary>
    public abstract string Description { get; }

    public abstract int Threads { get; }

    /// <summary>The version of the canonical arithmetic that this device computes in. Equal ids give equal bits.</summary>
    public abstract string NumericsId { get; }

    /// <param name="threads">Compute threads; 0 takes one for each processor this process may use.</param>
    public static Device Cpu(int threads = 0) => CpuDevice.Create(threads);

    /// <summary>Zeroed memory, aligned to 64 bytes.</summary>
    public abstract DeviceMemory Allocate(long elements);

    /// <summary>y = activation(x * w + b), cross-correlation. x (N,C,H,W), w (K,C,R,S), b (K) or empty, y (N,K,P,Q). Form C over (c,r,s).</summary>
    public abstract void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, Activation activation, Tensor y);

    /// <summary>dx (=) from dy (N,K,P,Q) and w; Form C over (k,r,s). dx is multiplied by <paramref name="previous"/>'s derivative.</summary>
    public abstract void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, ActivationGradient previous, Tensor dx);

    /// <summary>
    /// dw (K,C,R,S) and db (K) (=) per subtree root of the slice: pieces of at most 1,024 output pixels (of whole samples, or of rows
    /// of one sample), folded along the tree. Within a piece dw is Form C and db Form L over the pixels, samples and rows ascending.
    /// Not divided by B. Roots without samples are left alone. <paramref name="db"/> is empty without bias.
    /// </summary>
    public abstract void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db);

    /// <summary>y (N,O) = activation(x (N,I) w^T + b), w (O,I), b (O) or empty. Form C over i.</summary>
    public abstract void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, Activation activation, Tensor y);

    /// <summary>dx (N,I) (=) dy (N,O) w, times <paramref name="previous"/>'s derivative. Form C over o.</summary>
    public abstract void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, ActivationGradient previous, Tensor dx);

    /// <summary>
    /// dw (O,I) and db (O) (=) per subtree root of the slice; a sample counts as one pixel, and both are Form C over the samples of a
    /// piece. Roots without samples are left alone.
    /// </summary>
    public abstract void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db);

    /// <summary>y = sum over the window / (R x S), zero padding counted (torch's count_include_pad); window elements added from +0 in row order.</summary>
    public abstract void AvgPool2dForward(in Pool2dGeometry g, int samples, Tensor x, Tensor y);

    /// <summary>dx (=): dy / (R x S) summed over the windows that hold each pixel (windows in row order), times <paramref name="previous"/>'s derivative.</summary>
    public abstract void AvgPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, ActivationGradient previous, Tensor dx);

    /// <summary>y = sigmoid(x), element by element; y may be x. For sigmoids that no operation before them can take in.</summary>
    public abstract void SigmoidForward(long elements, Tensor x, Tensor y);

    /// <summary>dx = dy y (1 - y); dx may be dy.</summary>
    public abstract void SigmoidBackward(long elements, Tensor y, Tensor dy, Tensor dx);

    /// <summary>
    /// Per sample: loss = log(sum exp(x - max)) - (x[label] - max); correct = 1 where the first largest logit is the label's;
    /// and, unless <paramref name="dx"/> is empty, dx = e / sum - onehot(label) (not divided by B), with e = exp(x - max) and their
    /// sum over classes in Form C. logits (N, classes).
    /// </summary>
    public abstract void SoftmaxCrossEntropy(
        int classes, int samples, Tensor logits, ReadOnlySpan<int> labels, Span<float> loss, Span<byte> correct, Tensor dx);

    /// <summary>
    /// One pass of stochastic gradient descent over flat buffers: g = total + weightDecay w; v = momentum v + g; w -= lr v.
    /// Every multiply-add is fused. Without momentum <paramref name="velocity"/> is empty. Returns a 64-bit hash of the new weights
    /// that depends on their bits alone: of the chunks of 65,536 in order. (v starts as zero, so v = g at the first step.)
    /// </summary>
    public abstract ulong Sgd(Tensor weights, Tensor total, Tensor velocity, float learningRate, float momentum, float weightDecay);

    public abstract void Dispose();
}
