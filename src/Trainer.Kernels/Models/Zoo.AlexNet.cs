using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

public static partial class Zoo
{
    /// <summary>
    /// Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012, in one piece and for one channel, as D2L
    /// 7.1 has it: 46,764,746 parameters for (1,224,224) and 10 classes.
    /// </summary>
    private static Model AlexNet(Shape input, int classes, ZooOptions o) => new(
        input,
        [
            Conv(o.Channels(96), 11, stride: 4, padding: 1), new ReLU(), MaxPool(3, 2),
            Conv(o.Channels(256), 5, padding: 2), new ReLU(), MaxPool(3, 2),
            Conv(o.Channels(384), 3, padding: 1), new ReLU(),
            Conv(o.Channels(384), 3, padding: 1), new ReLU(),
            Conv(o.Channels(256), 3, padding: 1), new ReLU(), MaxPool(3, 2),
            .. Classifier(classes, o),
        ]);

    /// <summary>What AlexNet and VGG end with.</summary>
    private static IEnumerable<Module> Classifier(int classes, ZooOptions o) =>
    [
        new Flatten(),
        Dense(4096), new ReLU(), new Dropout(o.Dropout ?? 0.5),
        Dense(4096), new ReLU(), new Dropout(o.Dropout ?? 0.5),
        Dense(classes),
    ];
}
