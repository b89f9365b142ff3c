using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

public static partial class Zoo
{
    /// <summary>LeNet as in Dive into Deep Learning, 6.6: 61,706 parameters for (1,28,28) and 10 classes.</summary>
    public static Model LeNet(Shape? input = null, int classes = 10, ZooOptions? options = null)
    {
        var o = options ?? ZooOptions.Default;
        return new Model(
            input ?? Mnist,
            Conv(o.Channels(6), 5, padding: 2),
            new Sigmoid(),
            new AvgPool2d(2),
            Conv(o.Channels(16), 5),
            new Sigmoid(),
            new AvgPool2d(2),
            new Flatten(),
            Dense(120),
            new Sigmoid(),
            Dense(84),
            new Sigmoid(),
            Dense(classes));
    }
}
