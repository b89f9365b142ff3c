using System.Buffers.Binary;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests;

/// <summary>IDX files of a few images, made from their positions.</summary>
internal static class SmallData
{
    public static IdxFiles Write(string folder, int train = 67, int test = 13, int height = 28, int width = 28, int classes = 10)
    {
        var files = new IdxFiles
        {
            TrainImages = Path.Combine(folder, "train-images"),
            TrainLabels = Path.Combine(folder, "train-labels"),
            TestImages = Path.Combine(folder, "test-images"),
            TestLabels = Path.Combine(folder, "test-labels"),
        };
        WriteImages(files.TrainImages, train, height, width);
        WriteLabels(files.TrainLabels, train, classes);
        WriteImages(files.TestImages, test, height, width);
        WriteLabels(files.TestLabels, test, classes);
        return files;
    }

    /// <summary>A job on such files that can run.</summary>
    public static JobSpec Spec(string folder, uint epochs = 2) => new()
    {
        Name = "small",
        Model = new Model { Zoo = "lenet" },
        Data = new Data { Idx = Write(folder) },
        Training = new Training { Epochs = epochs, BatchSize = 32, Optimizer = new Optimizer { Sgd = new Sgd { Lr = 0.5 } } },
    };

    public static void WriteImages(string path, int count, int height, int width) =>
        File.WriteAllBytes(path, [.. Header(3, count, height, width), .. Enumerable.Range(0, count * height * width).Select(i => (byte)(i * 7))]);

    public static void WriteLabels(string path, int count, int classes) =>
        WriteLabels(path, [.. Enumerable.Range(0, count).Select(i => (byte)(i % classes))]);

    public static void WriteLabels(string path, byte[] labels) => File.WriteAllBytes(path, [.. Header(1, labels.Length), .. labels]);

    private static byte[] Header(byte rank, params int[] dimensions)
    {
        var header = new byte[4 + 4 * dimensions.Length];
        (header[2], header[3]) = (8, rank);
        for (var i = 0; i < dimensions.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * i), dimensions[i]);
        }

        return header;
    }
}
