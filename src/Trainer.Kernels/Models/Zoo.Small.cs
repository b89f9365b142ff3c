using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>Small networks that are nobody's architecture; the first two start as PyTorch's layers do, the third as Keras' do.</summary>
public static partial class Zoo
{
    private static Model CnnRgb32(Shape input, int classes, ZooOptions o) => new(
        input,
        new Conv2d(o.Channels(6), 5),
        new ReLU(),
        new MaxPool2d(2),
        new Conv2d(o.Channels(16), 5),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Linear(classes));

    private static Model MnistNet(Shape input, int classes, ZooOptions o) => new(
        input,
        new Conv2d(o.Channels(10), 5),
        new MaxPool2d(2),
        new ReLU(),
        new Conv2d(o.Channels(20), 5),
        new MaxPool2d(2),
        new ReLU(),
        new Flatten(),
        new Linear(classes));

    private static Model KerasCnn(Shape input, int classes, ZooOptions o)
    {
        var zero = WeightInit.Constant(0);
        return new Model(
            input,
            new Conv2d(o.Channels(32), 3) { WeightInit = WeightInit.XavierUniform, BiasInit = zero },
            new ReLU(),
            new MaxPool2d(2),
            new Conv2d(o.Channels(64), 3) { WeightInit = WeightInit.XavierUniform, BiasInit = zero },
            new ReLU(),
            new MaxPool2d(2),
            new Flatten(),
            new Dropout(o.Dropout ?? 0.5),
            new Linear(classes) { WeightInit = WeightInit.XavierUniform, BiasInit = zero });
    }
}
