using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Kernels;

namespace Trainer.Differential.Tests.Generation;

/// <summary>Images as bytes (N, C, H, W) and their labels.</summary>
/// <param name="Image">(C, H, W)</param>
internal sealed record IdxSet(Shape Image, byte[] Pixels, byte[] Labels)
{
    public int Count => Labels.Length;

    public IdxSet Take(int count) => this with { Pixels = Pixels[..checked((int)(count * Image.Elements))], Labels = Labels[..count] };

    /// <summary>With another label, which is no class, in the place of some.</summary>
    public IdxSet Hide(Draw draw, byte label) => this with { Labels = [.. Labels.Select(own => draw.Chance(0.2) ? label : own)] };

    /// <summary>With labels that start at another number.</summary>
    public IdxSet Relabel(int first) => this with { Labels = [.. Labels.Select(label => (byte)(label + first))] };

    public void Write(string images, string labels)
    {
        File.WriteAllBytes(images, [.. Header(3 + (Image[0] > 1 ? 1 : 0), [Count, .. Image.Dimensions.Skip(Image[0] > 1 ? 0 : 1)]), .. Pixels]);
        File.WriteAllBytes(labels, [.. Header(1, [Count]), .. Labels]);
    }

    private static byte[] Header(int rank, IReadOnlyList<int> dimensions)
    {
        var header = new byte[4 + (4 * rank)];
        (header[2], header[3]) = (8, (byte)rank);
        for (var i = 0; i < rank; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), dimensions[i]);
        }

        return header;
    }
}

/// <summary>One job, described as a job file does, with its data and how it is run.</summary>
/// <param name="Seed">What all of it follows from; a smaller case keeps the seed of the one it was cut from.</param>
/// <param name="Job">A job file's content; files are named relative to the case's folder.</param>
/// <param name="Workers">Among whom the second training is cut, besides the one of a single worker.</param>
/// <param name="Perturbs">Whether first weights are not the initialisers', but come from a file, and what has a plain first value (batch norm) has another one.</param>
internal sealed record Case(int Seed, JsonObject Job, IdxSet Train, IdxSet Test, int Workers, bool Perturbs)
{
    public const string JobFile = "job.yaml", InitialWeights = "initial.safetensors";

    /// <summary>Puts the job file and its data into a folder.</summary>
    public void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, JobFile), Yaml.Of(Job));
        Train.Write(Path.Combine(folder, "train-images"), Path.Combine(folder, "train-labels"));
        Test.Write(Path.Combine(folder, "test-images"), Path.Combine(folder, "test-labels"));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {Seed}: {Train.Count} training and {Test.Count} test images of {Train.Image}, {Workers} workers{(Perturbs ? ", perturbed weights" : "")}\n{Yaml.Of(Job)}");
}
