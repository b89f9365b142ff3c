using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices;

/// <summary>Element by element, and softmax. `elements` is per sample.</summary>
public interface IElementwise
{
    /// <summary>y = activation(x); y may be x. For activations that no operation before them can take in.</summary>
    void ActivationForward(Activation activation, long elements, int samples, Tensor x, Tensor y);

    /// <summary>v = dy f'(source), where the source is y for activations that have a derivative of their output, else x.</summary>
    void ActivationBackward(
        Activation activation, long elements, int samples, Tensor source, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = activation(x + addend): sums and copies of activations.</summary>
    void Add(long elements, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx = (dy + addend) f'(output): sums and copies of gradients, and derivatives that no other operation multiplies.</summary>
    void AddBackward(long elements, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = activation(x factor + addend), each step rounded. x, y (N, channels, pixels), factor (N, channels).</summary>
    void Multiply(int channels, int pixels, int samples, Tensor x, Tensor factor, in OutputEpilogue epilogue, Tensor y);

    /// <summary>v = dy factor.</summary>
    void MultiplyBackward(int channels, int pixels, int samples, Tensor dy, Tensor factor, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>v = the sum of dy x over the pixels of a channel (Form L). dx (N, channels): of what a channel is multiplied by.</summary>
    void GateBackward(int channels, int pixels, int samples, Tensor dy, Tensor x, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = x where x &gt; 0, else slope x, with a slope for each channel. x, y (N, channels, pixels), slope (channels).</summary>
    void PReluForward(int channels, int pixels, int samples, Tensor x, Tensor slope, Tensor y);

    /// <summary>terms (=) dy x where x is 0 or less, else +0: their sum over a channel is its slope's gradient. v = dy where x &gt; 0, else slope dy.</summary>
    /// <param name="dx">Empty: not wanted.</param>
    void PReluBackward(
        int channels, int pixels, int samples, Tensor x, Tensor dy, Tensor slope, Tensor terms, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = x with zeros around each image. x (N,C,H,W), y (N,C,P,Q).</summary>
    void ZeroPad2dForward(in Pad2dGeometry g, int samples, Tensor x, Tensor y);

    /// <summary>v = the part of dy that the image lies in.</summary>
    void ZeroPad2dBackward(in Pad2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = x float(1 / (1 - P)) where the draw keeps the element, else +0. <paramref name="pixels"/> per channel; 1 for features.</summary>
    void DropoutForward(in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor x, Tensor y);

    /// <summary>v = dy where the draw keeps the element, scaled as forward, else +0.</summary>
    void DropoutBackward(
        in DropoutDraw draw, int channels, int pixels, BatchSlice slice, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// Over the channels of each pixel: m = max x, e = exp(x - m), s = sum of e (Form C over channels); y = e / s, or with <paramref name="log"/>
    /// (x - m) - log s.
    /// </summary>
    void SoftmaxForward(int channels, int pixels, int samples, bool log, Tensor x, Tensor y);

    /// <summary>v = y (dy - sum of dy y), or with <paramref name="log"/> dy - exp(y) sum of dy; sums in Form C over channels.</summary>
    void SoftmaxBackward(int channels, int pixels, int samples, bool log, Tensor y, Tensor dy, in GradientEpilogue epilogue, Tensor dx);
}
