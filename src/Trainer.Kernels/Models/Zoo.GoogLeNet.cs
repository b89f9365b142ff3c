using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

public static partial class Zoo
{
    /// <summary>
    /// Szegedy et al., "Going deeper with convolutions", 2014 (arXiv:1409.4842), table 1, without its auxiliary classifiers; D2L 7.4.
    /// 5,977,530 parameters for one channel and 10 classes.
    /// </summary>
    private static Model GoogLeNet(Shape input, int classes, ZooOptions o) => new(
        input,
        new Sequential(Conv(o.Channels(64), 7, 2, 3), new ReLU(), MaxPool(3, 2, 1)),
        new Sequential(Conv(o.Channels(64), 1), new ReLU(), Conv(o.Channels(192), 3, padding: 1), new ReLU(), MaxPool(3, 2, 1)),
        new Sequential(Inception(o, 64, (96, 128), (16, 32), 32), Inception(o, 128, (128, 192), (32, 96), 64), MaxPool(3, 2, 1)),
        new Sequential(
            Inception(o, 192, (96, 208), (16, 48), 64),
            Inception(o, 160, (112, 224), (24, 64), 64),
            Inception(o, 128, (128, 256), (24, 64), 64),
            Inception(o, 112, (144, 288), (32, 64), 64),
            Inception(o, 256, (160, 320), (32, 128), 128),
            MaxPool(3, 2, 1)),
        new Sequential(
            Inception(o, 256, (160, 320), (32, 128), 128),
            Inception(o, 384, (192, 384), (48, 128), 128),
            new AdaptiveAvgPool2d(1),
            new Flatten()),
        Dense(classes));

    /// <summary>Figure 2 (b): 1x1; 1x1 and 3x3; 1x1 and 5x5; pooling and 1x1, side by side.</summary>
    private static Concat Inception(ZooOptions o, int c1, (int Reduced, int Out) c2, (int Reduced, int Out) c3, int c4) => new(
        [Conv(o.Channels(c1), 1, name: "p1_1"), new ReLU()],
        [Conv(o.Channels(c2.Reduced), 1, name: "p2_1"), new ReLU(), Conv(o.Channels(c2.Out), 3, padding: 1, name: "p2_2"), new ReLU()],
        [Conv(o.Channels(c3.Reduced), 1, name: "p3_1"), new ReLU(), Conv(o.Channels(c3.Out), 5, padding: 2, name: "p3_2"), new ReLU()],
        [MaxPool(3, 1, 1), Conv(o.Channels(c4), 1, name: "p4_2"), new ReLU()]);
}
