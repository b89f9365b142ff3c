using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Models;

/// <summary>torchvision's networks of inverted residuals: a 1x1 convolution widens, a depthwise one follows, a 1x1 one narrows.</summary>
public static partial class Zoo
{
    private static Model MobileNetV2(Shape input, int classes, ZooOptions o)
    {
        (int Expand, int Channels, int Blocks, int Stride)[] stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];
        var channels = Divisible(32 * o.Width);
        List<Module> features = [ConvNorm(channels, 3, 2, new ReLU6())];
        foreach (var (expand, wanted, blocks, stride) in stages)
        {
            for (var block = 0; block < blocks; block++)
            {
                var (step, to, wide) = (block == 0 ? stride : 1, Divisible(wanted * o.Width), channels * expand);
                Module[] inner =
                [
                    .. expand > 1 ? (Module[])[ConvNorm(wide, 1, 1, new ReLU6())] : [],
                    ConvNorm(wide, 3, step, new ReLU6(), groups: wide),
                    Bare(to, 1),
                    new BatchNorm2d(),
                ];
                features.Add(Inverted(new Sequential(inner) { Name = "conv" }, isResidual: step == 1 && to == channels));
                channels = to;
            }
        }

        features.Add(ConvNorm(Divisible(1280 * Math.Max(1, o.Width)), 1, 1, new ReLU6()));
        return new Model(
            input,
            new Sequential(features) { Name = "features" },
            new AdaptiveAvgPool2d(1),
            new Flatten(),
            new Sequential(new Dropout(o.Dropout ?? 0.2), SmallLinear(classes)) { Name = "classifier" });
    }

    private static Model MobileNetV3Small(Shape input, int classes, ZooOptions o)
    {
        (int Kernel, int Wide, int Channels, bool Squeezes, bool IsHard, int Stride)[] blocks =
        [
            (3, 16, 16, true, false, 2), (3, 72, 24, false, false, 2), (3, 88, 24, false, false, 1), (5, 96, 40, true, true, 2), (5, 240, 40, true, true, 1), (5, 240, 40, true, true, 1),
            (5, 120, 48, true, true, 1), (5, 144, 48, true, true, 1), (5, 288, 96, true, true, 2), (5, 576, 96, true, true, 1), (5, 576, 96, true, true, 1),
        ];
        var channels = Divisible(16 * o.Width);
        List<Module> features = [Norm(channels, 3, 2, new Hardswish())];
        foreach (var (kernel, wanted, narrow, squeezes, isHard, stride) in blocks)
        {
            var (wide, to) = (Divisible(wanted * o.Width), Divisible(narrow * o.Width));
            Module[] inner =
            [
                .. wide != channels ? (Module[])[Norm(wide, 1, 1, Activation(isHard))] : [],
                Norm(wide, kernel, stride, Activation(isHard), wide),
                .. squeezes ? (Module[])[SqueezeExcitation(wide, Divisible(wide / 4), new ReLU(), new Hardsigmoid())] : [],
                Norm(to, 1, 1, null),
            ];
            features.Add(Inverted(new Sequential(inner) { Name = "block" }, isResidual: stride == 1 && to == channels));
            channels = to;
        }

        features.Add(Norm(6 * channels, 1, 1, new Hardswish()));
        return new Model(
            input,
            new Sequential(features) { Name = "features" },
            new AdaptiveAvgPool2d(1),
            new Flatten(),
            new Sequential(SmallLinear(Divisible(1024 * o.Width)), new Hardswish(), new Dropout(o.Dropout ?? 0.2), SmallLinear(classes)) { Name = "classifier" });

        static Module Activation(bool isHard) => isHard ? new Hardswish() : new ReLU();

        static Sequential Norm(int channels, int kernel, int stride, Module? activation, int groups = 1) =>
            ConvNorm(channels, kernel, stride, activation, groups, eps: 0.001, momentum: 0.01);
    }

    /// <summary>torchvision leaves whole blocks out in training at random (stochastic depth, p up to 0.2); here none is.</summary>
    private static Model EfficientNet(Shape input, int classes, ZooOptions o)
    {
        (int Expand, int Kernel, int Stride, int Channels, int Blocks)[] stages = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)];
        var channels = Divisible(32 * o.Width);
        List<Module> features = [ConvNorm(channels, 3, 2, new SiLU())];
        foreach (var (expand, kernel, stride, wanted, count) in stages)
        {
            var blocks = new List<Module>();
            for (var block = 0; block < count; block++)
            {
                var (step, to, wide) = (block == 0 ? stride : 1, Divisible(wanted * o.Width), Divisible(channels * expand));
                Module[] inner =
                [
                    .. wide != channels ? (Module[])[ConvNorm(wide, 1, 1, new SiLU())] : [],
                    ConvNorm(wide, kernel, step, new SiLU(), groups: wide),
                    SqueezeExcitation(wide, Math.Max(1, channels / 4), new SiLU(), new Sigmoid()),
                    ConvNorm(to, 1, 1, null),
                ];
                blocks.Add(Inverted(new Sequential(inner) { Name = "block" }, isResidual: step == 1 && to == channels));
                channels = to;
            }

            features.Add(new Sequential(blocks));
        }

        features.Add(ConvNorm(4 * channels, 1, 1, new SiLU()));
        return new Model(
            input,
            new Sequential(features) { Name = "features" },
            new AdaptiveAvgPool2d(1),
            new Flatten(),
            new Sequential(new Dropout(o.Dropout ?? 0.2), SmallLinear(classes)) { Name = "classifier" });
    }

    private static Module Inverted(Sequential inner, bool isResidual) => isResidual ? new Residual(inner) : new Sequential(inner);

    private static Conv2d Bare(int channels, int kernel) =>
        new(channels, kernel) { Bias = false, WeightInit = WeightInit.Normal(0, Math.Sqrt(2.0 / (channels * kernel * kernel))) };
}
