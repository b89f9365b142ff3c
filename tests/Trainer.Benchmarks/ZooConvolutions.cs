using Trainer.Kernels.Geometries;

namespace Trainer.Benchmarks;

/// <param name="Count">How often the network has it.</param>
/// <param name="First">Whether it reads the images themselves, whose gradient nobody wants.</param>
internal sealed record ZooConvolution(string Network, string Layer, int Batch, Conv2dGeometry Geometry, int Count = 1, bool First = false);

/// <summary>The convolutions of the nine networks that libtorch is timed on, at their batch sizes.</summary>
internal static class ZooConvolutions
{
    /// <summary>Timed by name only: what `conv --only single` and the like ask for.</summary>
    public static IEnumerable<ZooConvolution> Others =>
    [
        new("single", "3x3", 32, Same(256, 12, 256, 3)),
        new("pointwise", "pointwise1", 32, Same(64, 56, 128, 1)),
        new("pointwise", "pointwise2", 32, Same(256, 14, 512, 1)),
        new("depthwise", "depthwise1", 32, Same(64, 56, 64, 3) with { Groups = 64 }),
        new("depthwise", "depthwise2", 32, Square(128, 56, 128, 3, 2, 1) with { Groups = 128 }),
        new("depthwise", "depthwise3", 32, Same(512, 14, 512, 3) with { Groups = 512 }),
        new("depthwise", "depthwise4", 32, Same(96, 28, 96, 7) with { Groups = 96 }),
        new("grouped", "grouped1", 32, Same(128, 28, 128, 3) with { Groups = 32 }),
        new("grouped", "grouped2", 32, Same(256, 14, 256, 3) with { Groups = 4 }),
    ];

    public static IEnumerable<ZooConvolution> All =>
        Small().Concat(AlexNet()).Concat(Vgg11()).Concat(Nin()).Concat(GoogLeNet()).Concat(ResNet18()).Concat(DenseNet());

    private static IEnumerable<ZooConvolution> Small() =>
    [
        new("lenet", "conv1", 256, Same(1, 28, 6, 5), First: true),
        new("lenet", "conv2", 256, Square(6, 14, 16, 5, 1, 0)),
        new("cnn-rgb32", "conv1", 256, Square(3, 32, 6, 5, 1, 0), First: true),
        new("cnn-rgb32", "conv2", 256, Square(6, 14, 16, 5, 1, 0)),
        new("mnistnet", "conv1", 64, Square(1, 28, 10, 5, 1, 0), First: true),
        new("mnistnet", "conv2", 64, Square(10, 12, 20, 5, 1, 0)),
    ];

    private static IEnumerable<ZooConvolution> AlexNet() =>
    [
        new("alexnet", "conv1", 32, Square(1, 224, 96, 11, 4, 1), First: true),
        new("alexnet", "conv2", 32, Same(96, 26, 256, 5)),
        new("alexnet", "conv3", 32, Same(256, 12, 384, 3)),
        new("alexnet", "conv4", 32, Same(384, 12, 384, 3)),
        new("alexnet", "conv5", 32, Same(384, 12, 256, 3)),
    ];

    private static IEnumerable<ZooConvolution> Vgg11() =>
    [
        new("vgg11", "conv1", 8, Same(1, 224, 64, 3), First: true),
        new("vgg11", "conv2", 8, Same(64, 112, 128, 3)),
        new("vgg11", "conv3", 8, Same(128, 56, 256, 3)),
        new("vgg11", "conv4", 8, Same(256, 56, 256, 3)),
        new("vgg11", "conv5", 8, Same(256, 28, 512, 3)),
        new("vgg11", "conv6", 8, Same(512, 28, 512, 3)),
        new("vgg11", "conv7", 8, Same(512, 14, 512, 3), 2),
    ];

    private static IEnumerable<ZooConvolution> Nin() =>
    [
        new("nin", "conv1", 32, Square(1, 224, 96, 11, 4, 0), First: true),
        new("nin", "mlp1", 32, Same(96, 54, 96, 1), 2),
        new("nin", "conv2", 32, Same(96, 26, 256, 5)),
        new("nin", "mlp2", 32, Same(256, 26, 256, 1), 2),
        new("nin", "conv3", 32, Same(256, 12, 384, 3)),
        new("nin", "mlp3", 32, Same(384, 12, 384, 1), 2),
        new("nin", "conv4", 32, Same(384, 5, 10, 3)),
        new("nin", "mlp4", 32, Same(10, 5, 10, 1), 2),
    ];

    private static IEnumerable<ZooConvolution> GoogLeNet()
    {
        const string Name = "googlenet";
        yield return new(Name, "conv1", 32, Square(1, 96, 64, 7, 2, 3), First: true);
        yield return new(Name, "conv2", 32, Same(64, 24, 64, 1));
        yield return new(Name, "conv3", 32, Same(64, 24, 192, 3));
        foreach (var (block, size, input, a, b1, b2, c1, c2, d) in new[]
        {
            ("3a", 12, 192, 64, 96, 128, 16, 32, 32), ("3b", 12, 256, 128, 128, 192, 32, 96, 64), ("4a", 6, 480, 192, 96, 208, 16, 48, 64),
            ("4b", 6, 512, 160, 112, 224, 24, 64, 64), ("4c", 6, 512, 128, 128, 256, 24, 64, 64), ("4d", 6, 512, 112, 144, 288, 32, 64, 64),
            ("4e", 6, 528, 256, 160, 320, 32, 128, 128), ("5a", 3, 832, 256, 160, 320, 32, 128, 128), ("5b", 3, 832, 384, 192, 384, 48, 128, 128),
        })
        {
            yield return new(Name, $"{block}.p1", 32, Same(input, size, a, 1));
            yield return new(Name, $"{block}.p2_1", 32, Same(input, size, b1, 1));
            yield return new(Name, $"{block}.p2_2", 32, Same(b1, size, b2, 3));
            yield return new(Name, $"{block}.p3_1", 32, Same(input, size, c1, 1));
            yield return new(Name, $"{block}.p3_2", 32, Same(c1, size, c2, 5));
            yield return new(Name, $"{block}.p4_2", 32, Same(input, size, d, 1));
        }
    }

    private static IEnumerable<ZooConvolution> ResNet18()
    {
        const string Name = "resnet18";
        yield return new(Name, "conv1", 32, Square(1, 96, 64, 7, 2, 3), First: true);
        yield return new(Name, "stage1", 32, Same(64, 24, 64, 3), 4);
        foreach (var (stage, size, channels) in new[] { ("stage2", 24, 64), ("stage3", 12, 128), ("stage4", 6, 256) })
        {
            yield return new(Name, $"{stage}.first", 32, Square(channels, size, 2 * channels, 3, 2, 1));
            yield return new(Name, $"{stage}.shortcut", 32, Square(channels, size, 2 * channels, 1, 2, 0));
            yield return new(Name, stage, 32, Same(2 * channels, size / 2, 2 * channels, 3), 3);
        }
    }

    private static IEnumerable<ZooConvolution> DenseNet()
    {
        const string Name = "densenet";
        yield return new(Name, "conv1", 32, Square(1, 96, 64, 7, 2, 3), First: true);
        foreach (var (block, size, input) in new[] { (1, 24, 64), (2, 12, 96), (3, 6, 112), (4, 3, 120) })
        {
            for (var i = 0; i < 4; i++)
            {
                yield return new(Name, $"block{block}.{i}", 32, Same(input + (32 * i), size, 32, 3));
            }

            if (block < 4)
            {
                yield return new(Name, $"transition{block}", 32, Same(input + 128, size, (input + 128) / 2, 1));
            }
        }
    }

    private static Conv2dGeometry Same(int c, int size, int k, int filter) => Square(c, size, k, filter, 1, filter / 2);

    private static Conv2dGeometry Square(int c, int size, int k, int filter, int stride, int pad) =>
        new(c, size, size, k, filter, filter, stride, stride, pad, pad);
}
