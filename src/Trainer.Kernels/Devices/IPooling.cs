using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices;

/// <summary>Pooling over windows of a size, and over as many windows as outputs are asked for.</summary>
public interface IPooling
{
    /// <summary>
    /// y = the largest of each window, padding left out; of equal ones the first in row order, and a NaN is larger than everything (the first
    /// one wins). Padding is at most half of the window, and beside padding a dilation is at most the image.
    /// <paramref name="chosen"/> receives what the backward pass needs (<see cref="Pool2dGeometry.ChosenElements"/> per sample, dense); empty in evaluation.
    /// </summary>
    void MaxPool2dForward(in Pool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen);

    /// <summary>dx (=): the dy of the windows that chose each pixel, windows in row order added from +0.</summary>
    void MaxPool2dBackward(in Pool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// y = the window's sum (elements added from +0 in row order) / its size: R x S where the padding counts (a window of ceil mode that leaves it has
    /// only what is inside), else the pixels of the image in it.
    /// </summary>
    void AvgPool2dForward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (=): dy / size summed over the windows that hold each pixel, in row order from +0.</summary>
    void AvgPool2dBackward(in Pool2dGeometry g, bool countIncludePad, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>y = the window's sum (Form L over its elements in row order) / its size.</summary>
    void AdaptiveAvgPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y);

    /// <summary>dx (=): dy / size summed over the windows that hold each pixel, in row order from +0.</summary>
    void AdaptiveAvgPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>As <see cref="MaxPool2dForward"/>; <paramref name="chosen"/> has one element per output.</summary>
    void AdaptiveMaxPool2dForward(in AdaptivePool2dGeometry g, int samples, Tensor x, in OutputEpilogue epilogue, Tensor y, Tensor chosen);

    void AdaptiveMaxPool2dBackward(in AdaptivePool2dGeometry g, int samples, Tensor dy, Tensor chosen, in GradientEpilogue epilogue, Tensor dx);
}
