using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices;

/// <summary>The products of convolutions and linear layers, with what goes with them: biases, their gradients, epilogues.</summary>
/// <remarks>
/// Convolutions 3 x 3 and 5 x 5 without stride, dilation or one-sided padding, with less padding than their size, from at least 16 to at least 16 channels of a
/// group, and with at least 3 x 3 pixels in and out (5 x 5 for weight gradients), go by Winograd's F(4x4, 3x3) or F(3x3, 3x3), whichever multiplies less, and
/// F(2x2, 5x5): the transforms of Cpu/Convolution/Winograd, and Form C over channels (tiles, for weights) where they say Form C over (c,r,s) and the like.
/// </remarks>
public interface IProducts
{
    /// <summary>y = x * w + b, cross-correlation. x (N,C,H,W), w (K,C/G,R,S), b (K) or empty, y (N,K,P,Q). Form C over (c,r,s).</summary>
    void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (=) from dy (N,K,P,Q) and w; Form C over (k,r,s), without the taps that a stride puts between two pixels of dy.</summary>
    void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// dw (K,C/G,R,S) and db (K) (=) per subtree root of the slice: pieces of at most 1,024 output pixels (of whole samples, or of rows
    /// of one sample), folded along the tree. Within a piece dw is Form C and db Form L over the pixels, samples and rows ascending.
    /// Not divided by B. Roots without samples are left alone. By Winograd the pieces of dw count whole tiles, at
    /// most 512: of whole samples or, where one has more, of rows of tiles; their sums are transformed back before the tree.
    /// </summary>
    /// <param name="dw">No tensors: not wanted.</param>
    /// <param name="db">Likewise. It is a sum and no product: its dy are not rounded, whatever the <see cref="ComputePrecision"/>.</param>
    void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db);

    /// <summary>y (N,O) = x (N,I) w^T + b, w (O,I), b (O) or empty. Form C over i.</summary>
    void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (N,I) (=) dy (N,O) w. Form C over o.</summary>
    void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// dw (O,I) and db (O) (=) per subtree root of the slice; a sample counts as one pixel, and both are Form C over the samples of a
    /// piece. Roots without samples are left alone.
    /// </summary>
    /// <param name="dw">No tensors: not wanted.</param>
    /// <param name="db">As in <see cref="Conv2dBackwardWeights"/>.</param>
    void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db);
}
