using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

public static partial class Zoo
{
    /// <summary>
    /// Lin, Chen, Yan, "Network in network", 2013 (arXiv:1312.4400); D2L 7.3: the last block gives a channel per class, averaged over the image.
    /// 1,992,166 parameters for one channel and 10 classes, whatever the image's size.
    /// </summary>
    private static Model Nin(Shape input, int classes, ZooOptions o) => new(
        input,
        NinBlock(o.Channels(96), 11, 4, 0),
        MaxPool(3, 2),
        NinBlock(o.Channels(256), 5, 1, 2),
        MaxPool(3, 2),
        NinBlock(o.Channels(384), 3, 1, 1),
        MaxPool(3, 2),
        new Dropout(o.Dropout ?? 0.5),
        NinBlock(classes, 3, 1, 1),
        new AdaptiveAvgPool2d(1),
        new Flatten());

    private static Sequential NinBlock(int channels, int kernel, int stride, int padding) => new(
        Conv(channels, kernel, stride, padding), new ReLU(), Conv(channels, 1), new ReLU(), Conv(channels, 1), new ReLU());
}
