using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices;

/// <summary>Where a network's tensors live and its operations run: some threads of this machine's CPU, or a GPU.</summary>
/// <remarks>
/// Operations are semantic and obey the canonical arithmetic: no bit of a result depends on threads, on the number of
/// local samples, on the instruction set, on addresses or on tile sizes. Tensors are NCHW, float32, dense, but that activations and their gradients
/// (x, y, dx, dy, and the tensors of an epilogue) may be runs of channels of a larger tensor (<see cref="Tensor.SampleStride"/>). Operations run
/// in the order of the calls; a device serves one call at a time; its threads are its own, never the .NET thread
/// pool's. Nothing here allocates on the managed heap once warm. Wrong operands are <see cref="ArgumentException"/>s that
/// name the operation, what it got and what it expected.
/// <para>
/// Where rule 3 of the canonical arithmetic leaves a choice: padding takes part in chains as zeros (a device may leave out
/// the filter rows that meet nothing else); a bias is added to the finished dot product, then comes the epilogue.
/// </para>
/// </remarks>
public abstract class Device : IDisposable
{
    /// <summary>As a user names it: <c>cpu</c>, <c>cuda:0</c>.</summary>
    public abstract string Name { get; }

    /// <summary>A <see cref="DeviceKind"/>.</summary>
    public string Kind => Name.Split(':')[0];

    /// <summary>What runs behind it, for people: <c>AMD EPYC, AVX-512, 2 threads</c>.</summary>
    public abstract string Description { get; }

    public abstract int Threads { get; }

    /// <summary>The version of the canonical arithmetic that this device computes in. Equal ids give equal bits.</summary>
    public abstract string NumericsId { get; }

    /// <summary>Bytes that may be allocated on the device in all; null: as many as it has.</summary>
    public long? MemoryLimit { get; set; }

    /// <summary>Bytes that may still be allocated; null: nobody counts (a CPU without a limit).</summary>
    public virtual long? AvailableMemory => MemoryLimit - AllocatedMemory;

    /// <summary>Bytes that are allocated.</summary>
    public abstract long AllocatedMemory { get; }

    /// <summary>Zeroed memory, aligned to 64 bytes.</summary>
    public abstract DeviceMemory Allocate(long elements);

    public abstract void Dispose();

    /// <summary>Whether <see cref="ForCompute"/> has a device to give.</summary>
    public virtual bool CanCompute(ComputePrecision precision) => precision == ComputePrecision.Exact;

    /// <summary>
    /// This device with products (those of convolutions and linear layers) that take their operands as <paramref name="precision"/> says. It has a numerics id
    /// of its own, shares this one's memory and order of calls, and goes when this one is disposed.
    /// </summary>
    /// <exception cref="NotSupportedException">The device cannot.</exception>
    public virtual Device ForCompute(ComputePrecision precision) => precision == ComputePrecision.Exact
        ? this
        : throw new NotSupportedException(
            $"compute: tf32 needs a CPU, which emulates it, or a CUDA device that has kernels for tensor cores; {Name} ({Description}) has neither.");

    // Host and device. A CPU's memory is its host view, so that these have nothing to do there. On a GPU the host view of a tensor is a page-locked mirror:
    // copies are asked for, run in the order of the calls, and overlap with what does not depend on them.

    /// <summary>Begins to copy the host view to the device. The host view may be changed again after a <see cref="Synchronize"/>.</summary>
    public virtual void Upload(Tensor tensor)
    {
    }

    /// <summary>Begins to copy to the host view, once all that was called before has run. To be read after <see cref="Wait"/> or <see cref="Synchronize"/>.</summary>
    public virtual void Download(Tensor tensor)
    {
    }

    /// <summary>A mark behind all that was called so far, downloads included. Marks are few and used in turn: wait for one before the 256th after it is made.</summary>
    public virtual DeviceMark Mark() => default;

    /// <summary>Whether all that was called before the mark has run.</summary>
    public virtual bool IsReached(DeviceMark mark) => true;

    /// <summary>Waits until all that was called before the mark has run.</summary>
    public virtual void Wait(DeviceMark mark)
    {
    }

    /// <summary>Waits until all that was called so far has run.</summary>
    public virtual void Synchronize()
    {
    }

    /// <summary>tensor (=) +0, on the device; what lies between samples included.</summary>
    public abstract void Clear(Tensor tensor);

    // Products. Convolutions 3 x 3 and 5 x 5 without stride, dilation or one-sided padding, with less padding than their size, from at least 16 to at least 16
    // channels of a group, and with at least 5 x 5 pixels in and out, go by Winograd's F(4x4, 3x3) and F(2x2, 5x5): the transforms of
    // Cpu/Convolution/Winograd/WinogradTransforms.cs, and Form C over channels (tiles, for weights) where they say Form C over (c,r,s) and the like.

    /// <summary>y = x * w + b, cross-correlation. x (N,C,H,W), w (K,C/G,R,S), b (K) or empty, y (N,K,P,Q). Form C over (c,r,s).</summary>
    public abstract void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (=) from dy (N,K,P,Q) and w; Form C over (k,r,s), without the taps that a stride puts between two pixels of dy.</summary>
    public abstract void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// dw (K,C/G,R,S) and db (K) (=) per subtree root of the slice: pieces of at most 1,024 output pixels (of whole samples, or of rows
    /// of one sample), folded along the tree. Within a piece dw is Form C and db Form L over the pixels, samples and rows ascending.
    /// Not divided by B. Roots without samples are left alone. By Winograd the pieces of dw count whole tiles, at
    /// most 64 of 4 x 4 pixels or 256 of 2 x 2: of whole samples or, where one has more, of rows of tiles; their sums are transformed back before the tree.
    /// </summary>
    /// <param name="dw">No tensors: not wanted.</param>
    /// <param name="db">Likewise. It is a sum and no product: its dy are not rounded, whatever the <see cref="ComputePrecision"/>.</param>
    public abstract void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db);

    /// <summary>y (N,O) = x (N,I) w^T + b, w (O,I), b (O) or empty. Form C over i.</summary>
    public abstract void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (N,I) (=) dy (N,O) w. Form C over o.</summary>
    public abstract void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// dw (O,I) and db (O) (=) per subtree root of the slice; a sample counts as one pixel, and both are Form C over the samples of a
    /// piece. Roots without samples are left alone.
    /// </summary>
    /// <param name="dw">No tensors: not wanted.</param>
    /// <param name="db">As in <see cref="Conv2dBackwardWeights"/>.</param>
    public abstract void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db);

    // Pooling.

    /// <summary>
    /// y = the largest of each window, padding left out; of equal ones the first in row order, and a NaN is larger than everything (the first
    /// one wins). Padding is at most half of the window, and a dilation at most the image.
    /// <paramref name="chosen"/> receives what the backward pass needs (<see cref="MaxPoolSavedElements"/> per sample, dense); empty in evaluation.
    /// </summary>
    public abstract void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen);

    /// <summary>dx (=): the dy of the windows that chose each pixel, windows in row order added from +0.</summary>
    public abstract void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// y = the window's sum (elements added from +0 in row order) / its size: R x S where the padding counts (a window of ceil mode that leaves it has
    /// only what is inside), else the pixels of the image in it.
    /// </summary>
    public abstract void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (=): dy / size summed over the windows that hold each pixel, in row order from +0.</summary>
    public abstract void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = the window's sum (Form L over its elements in row order) / its size.</summary>
    public abstract void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (=): dy / size summed over the windows that hold each pixel, in row order from +0.</summary>
    public abstract void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>As <see cref="MaxPool2dForward"/>; <paramref name="chosen"/> has one element per output.</summary>
    public abstract void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen);

    public abstract void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>Elements per sample that <see cref="MaxPool2dForward"/> keeps for the way back: a byte per output for windows of up to 256 pixels.</summary>
    public static long MaxPoolSavedElements(in Pool2dGeometry g)
    {
        var outputs = (long)g.C * g.P * g.Q;
        return g.R * g.S <= 256 ? (outputs + 3) / 4 : outputs;
    }

    // Normalisation.

    /// <summary>
    /// Training: each group of shards (<see cref="BatchSlice.GroupShards"/>; all of the batch with Sync) is normalised by its own statistics. Per sample and
    /// channel mean = (Form L over pixels) / n and M2 = Form L over (x - mean)^2; samples of a shard fold in a binary tree (split at the largest power of
    /// two), shards along the shard tree, by Chan's formula: d = mean_b - mean_a; mean = fma(d, n_b / n, mean_a); M2 = fma(d^2, n_a n_b / n, M2_a + M2_b),
    /// with the quotients of counts rounded once. invstd = 1 / sqrt(M2 / n + eps); scale = weight invstd; shift = fma(-mean, scale, bias);
    /// y = fma(x, scale, shift).
    /// </summary>
    /// <param name="weight">(C), or empty: 1.</param>
    /// <param name="bias">(C), or empty: 0.</param>
    /// <param name="saved">Receives mean and invstd, (groups of the slice, 2, C); the slice's groups ascending, those of no samples included.</param>
    /// <param name="meanSums">Per root (=), (C): the tree sum over groups of samples x mean. Roots without samples are left alone; none: not wanted.</param>
    /// <param name="varianceSums">Per root (=), (C): likewise of samples x M2 / (n - 1), the unbiased variance.</param>
    /// <exception cref="ArgumentException">A root splits a group, or a group has one value per channel.</exception>
    public abstract void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y);

    /// <summary>Evaluation: invstd = 1 / sqrt(variance + eps), the rest as in training.</summary>
    public abstract void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y);

    /// <summary>
    /// With h = (x - mean) invstd: dbias = sum of dy, dweight = sum of dy h (pieces as in <see cref="Conv2dBackwardWeights"/>, where a row is one pixel, Form L
    /// over pixels, the tree up to roots); dx = (weight invstd) (dy - fma(h, dweight_g / n, dbias_g / n)), with the sums of the element's own group (a node
    /// of the same tree) and its n values.
    /// </summary>
    /// <param name="dweight">Per root (=), (C); no tensors: not wanted. Likewise <paramref name="dbias"/>.</param>
    /// <param name="dx">Empty: not wanted.</param>
    public abstract void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// Each sample's run of C / Groups channels is normalised by its own mean = (Form L over elements) / n and variance = Form L over (x - mean)^2 / n;
    /// scale, shift and y per channel as in <see cref="BatchNormForward"/>. <paramref name="saved"/> receives (N, Groups, 2), empty in evaluation.
    /// </summary>
    public abstract void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y);

    /// <summary>
    /// dweight and dbias as <see cref="BatchNormBackward"/>; dx = invstd fma(weight, dy, -fma(h, slope, shift)) with shift = the sum of weight dy, slope
    /// = that of weight dy h, over a sample's own group of channels (Form L per channel, channels ascending by fma(weight, channel's sum, sum) from +0),
    /// each divided by the group's n values.
    /// </summary>
    public abstract void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx);

    // Element by element. `elements` is per sample.

    /// <summary>y = activation(x); y may be x. For activations that no operation before them can take in.</summary>
    public abstract void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y);

    /// <summary>v = dy f'(source), where the source is y for activations that have a derivative of their output, else x.</summary>
    public abstract void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = activation(x + addend): sums and copies of activations.</summary>
    public abstract void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx = (dy + addend) f'(output): sums and copies of gradients, and derivatives that no other operation multiplies.</summary>
    public abstract void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = x float(1 / (1 - P)) where the draw keeps the element, else +0. <paramref name="pixels"/> per channel; 1 for features.</summary>
    public abstract void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y);

    /// <summary>v = dy where the draw keeps the element, scaled as forward, else +0.</summary>
    public abstract void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// Over the channels of each pixel: m = max x, e = exp(x - m), s = sum of e (Form C over channels); y = e / s, or with <paramref name="log"/>
    /// (x - m) - log s.
    /// </summary>
    public abstract void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y);

    /// <summary>v = y (dy - sum of dy y), or with <paramref name="log"/> dy - exp(y) sum of dy; sums in Form C over channels.</summary>
    public abstract void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    // Losses: per-sample values, gradients not divided by B. loss (N); correct (N), 1 or +0.

    /// <summary>
    /// Per sample, with m the largest logit, e_c = exp(x_c - m), s = sum of e (Form C) and -log p_c = log s - (x_c - m):
    /// loss = w_label (1 - smoothing)(-log p_label) + smoothing / classes x sum of w_c (-log p_c); correct = 1 where the first largest logit is the label's;
    /// and, unless <paramref name="dx"/> is empty, its gradient (without options e / s - onehot(label)). logits (N, classes).
    /// </summary>
    /// <param name="labels">(N) integers in the place of float32 (<see cref="Tensor.HostInts"/>); their host view is what was uploaded.</param>
    public abstract void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx);

    /// <summary>
    /// Per sample loss = factor x sum of (y - target)^2 (Form L); correct = 1 where the first largest of y is where the target's first largest is; and,
    /// unless it is empty, dx = 2 factor (y - target). target dense.
    /// </summary>
    public abstract void SquaredError(float factor, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx);

    // Optimizers.

    /// <summary>values /= divisor over a flat buffer; whether all quotients are finite.</summary>
    public abstract bool Divide(Tensor values, float divisor);

    /// <summary>Rounds a flat buffer to <see cref="Bfloat16"/> where it lies; whether all of it is finite then.</summary>
    public virtual bool RoundToBfloat16(Tensor values)
    {
        Download(values);
        Synchronize();
        var finite = Bfloat16.Round(values.Host);
        Upload(values);
        return finite;
    }

    /// <summary>The sum of squares of a flat buffer: Form L per chunk of 65,536 elements, chunks added in ascending order from +0.</summary>
    public abstract float SquaredNorm(Tensor values);

    /// <summary>
    /// One step of an optimizer over flat buffers of one length: reads weights and what the optimizer keeps, and writes the next ones beside them. What a run's
    /// rule leaves alone is copied. Every multiply-add is fused.
    /// </summary>
    /// <param name="scale">Multiplied into every total first: clipping and the like. 1 changes no bit.</param>
    /// <param name="before">The weights, then the optimizer's buffers: Sgd's velocity; m and v of Adam.</param>
    /// <param name="after">As many, likewise; the same tensors, to be changed where they are, or others.</param>
    /// <param name="hashes">What <see cref="Hash"/> would say of each buffer of <paramref name="after"/>, one behind another.</param>
    public abstract void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> hashes);

    /// <summary>A 64-bit hash of each chunk of 65,536 elements of a flat buffer, which depends on the bits and their order alone.</summary>
    /// <param name="hashes">One for each chunk.</param>
    public abstract void Hash(Tensor values, Span<ulong> hashes);
}
