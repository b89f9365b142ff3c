using System.Buffers.Binary;
using Trainer.Protos;

namespace Trainer.Node.Tests.Training;

/// <summary>A small data set in IDX files: images of a class are bright in a patch of their own, with noise from a linear congruential generator.</summary>
internal sealed class TinyData : IDisposable
{
    public const int Classes = 10;
    private const int Side = 28;

    public TinyData(int train, int test)
    {
        Folder = Directory.CreateTempSubdirectory("trainer-data-").FullName;
        Write("train", train, seed: 12345);
        Write("test", test, seed: 54321);
    }

    public string Folder { get; }

    public IdxFiles Files => new()
    {
        TrainImages = Name("train", "images"),
        TrainLabels = Name("train", "labels"),
        TestImages = Name("test", "images"),
        TestLabels = Name("test", "labels"),
    };

    /// <summary>LeNet on this data.</summary>
    public JobSpec Job(uint batchSize = 37, uint shards = 7, uint epochs = 2, double learningRate = 0.9) => new()
    {
        Name = "tiny",
        Model = new Model { Zoo = "lenet" },
        Data = new Protos.Data { Idx = Files },
        Training = new Protos.Training
        {
            Epochs = epochs,
            BatchSize = batchSize,
            Shards = shards,
            Seed = 3,
            Optimizer = new Optimizer { Sgd = new Sgd { Lr = learningRate, Momentum = 0.5 } },
        },
    };

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private string Name(string set, string kind) => Path.Combine(Folder, $"{set}-{kind}");

    private void Write(string set, int count, uint seed)
    {
        var images = new byte[16 + (count * Side * Side)];
        var labels = new byte[8 + count];
        Header(images, 0x00000803, count, Side, Side);
        Header(labels, 0x00000801, count);
        for (var i = 0; i < count; i++)
        {
            seed = (seed * 1664525) + 1013904223;
            var label = i < Classes ? i : (int)(seed >> 16) % Classes;
            labels[8 + i] = (byte)label;
            for (var pixel = 0; pixel < Side * Side; pixel++)
            {
                seed = (seed * 1664525) + 1013904223;
                var bright = pixel / Side / 6 == label / 2 && pixel % Side / 14 == label % 2;
                images[16 + (i * Side * Side) + pixel] = (byte)((bright ? 128 : 0) + (seed >> 25));
            }
        }

        File.WriteAllBytes(Name(set, "images"), images);
        File.WriteAllBytes(Name(set, "labels"), labels);
    }

    private static void Header(Span<byte> bytes, params ReadOnlySpan<int> words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes[(i * 4)..], words[i]);
        }
    }
}
