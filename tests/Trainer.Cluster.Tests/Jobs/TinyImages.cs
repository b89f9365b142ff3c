using System.Buffers.Binary;

namespace Trainer.Cluster.Tests.Jobs;

/// <summary>A small learnable set in IDX files: class c is a bright bar at row 2c, on seeded noise.</summary>
public static class TinyImages
{
    public const int Side = 28;

    public static void Write(string folder, int train, int test, uint seed)
    {
        Directory.CreateDirectory(folder);
        Write(folder, "train", train, seed);
        Write(folder, "t10k", test, seed + 1);
    }

    private static void Write(string folder, string prefix, int count, uint seed)
    {
        var (pixels, labels) = (new byte[count * Side * Side], new byte[count]);
        var state = seed;
        for (var i = 0; i < count; i++)
        {
            labels[i] = (byte)(i * 7 % 10);
            for (var p = 0; p < Side * Side; p++)
            {
                state = (state * 1664525) + 1013904223;
                var bright = p / Side / 2 == labels[i] + 2 ? 160u : 0u;
                pixels[(i * Side * Side) + p] = (byte)(bright + (state >> 26));
            }
        }

        File.WriteAllBytes(Path.Combine(folder, $"{prefix}-images"), [.. Header(0x803, count, Side, Side), .. pixels]);
        File.WriteAllBytes(Path.Combine(folder, $"{prefix}-labels"), [.. Header(0x801, count), .. labels]);
    }

    private static byte[] Header(params int[] values)
    {
        var bytes = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), values[i]);
        }

        return bytes;
    }
}
