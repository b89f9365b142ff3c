using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

public static partial class Zoo
{
    /// <summary>
    /// Huang, Liu, van der Maaten, Weinberger, "Densely connected convolutional networks", 2016 (arXiv:1608.06993); D2L 7.7: four blocks of four
    /// 3x3 convolutions, growth 32, between them transitions that halve channels and image. 758,226 parameters for one channel and 10 classes.
    /// </summary>
    private static Model DenseNet(Shape input, int classes, ZooOptions o)
    {
        const int convolutions = 4;
        var (channels, growth) = (o.Channels(64), o.Channels(32));
        var blocks = new List<Module>();
        for (var i = 0; i < 4; i++)
        {
            blocks.Add(DenseBlock(convolutions, growth));
            channels += convolutions * growth;
            if (i < 3)
            {
                channels /= 2;
                blocks.Add(new Sequential(new BatchNorm2d(), new ReLU(), Conv(channels, 1), new AvgPool2d(2)));
            }
        }

        return new Model(input, [ResNetStem(o), .. blocks, new BatchNorm2d(), new ReLU(), new AdaptiveAvgPool2d(1), new Flatten(), Dense(classes)]);
    }

    /// <summary>Each convolution sees the block's input and the outputs of all before it.</summary>
    private static Sequential DenseBlock(int convolutions, int growth) => new(
        new Sequential(Enumerable.Range(0, convolutions).Select(_ => new Concat([], [new BatchNorm2d(), new ReLU(), Conv(growth, 3, padding: 1)])))
        {
            Name = "net",
        });
}
