using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

public static partial class Zoo
{
    private static readonly int[] VggChannels = [64, 128, 256, 512, 512];

    /// <summary>
    /// Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014 (arXiv:1409.1556), table 1: A, B, D, E;
    /// D2L 7.2. VGG-11 has 128,806,154 parameters for (1,224,224) and 10 classes.
    /// </summary>
    /// <param name="depth">11, 13, 16 or 19 layers with weights.</param>
    private static Model Vgg(int depth, Shape input, int classes, ZooOptions o)
    {
        int[] convolutions = depth switch
        {
            11 => [1, 1, 2, 2, 2],
            13 => [2, 2, 2, 2, 2],
            16 => [2, 2, 3, 3, 3],
            19 => [2, 2, 4, 4, 4],
            _ => throw new ArgumentOutOfRangeException(nameof(depth), depth, "No such VGG."),
        };
        return new Model(input, [.. convolutions.Zip(VggChannels, (count, channels) => VggBlock(count, o.Channels(channels))), .. Classifier(classes, o)]);
    }

    private static Sequential VggBlock(int convolutions, int channels) => new(
    [
        .. Enumerable.Range(0, convolutions).SelectMany<int, Module>(_ => [Conv(channels, 3, padding: 1), new ReLU()]),
        MaxPool(2, 2),
    ]);
}
