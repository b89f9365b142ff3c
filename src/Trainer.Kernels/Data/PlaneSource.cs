using System.Security.Cryptography;

namespace Trainer.Kernels.Data;

/// <summary>Images of one size as planes, with labels.</summary>
/// <param name="names">Of classes, by label; empty: none are known.</param>
internal sealed class PlaneSource(string name, Shape shape, IPlanes planes, int[] labels, IReadOnlyList<string> names) : ISampleSource
{
    private readonly ThreadLocal<byte[]> _scratch = new(() => new byte[shape.Elements]);

    public int Count => labels.Length;

    public int Channels => shape[0];

    public Shape? Shape => shape;

    public IReadOnlyList<string> ClassNames => names;

    public bool IsInMemory => planes.AreInMemory;

    public int LabelOf(int index) => labels[index];

    public string NameOf(int index) => $"{name}, image {index}";

    public void Load() => planes.Load();

    public ReadOnlySpan<byte> PlanesOf(int index) => planes.Of(index, planes.AreInMemory ? [] : _scratch.Value);

    public void Read(int index, Picture picture) => picture.Interleave(PlanesOf(index), shape);

    public void Identify(int index, IncrementalHash sum)
    {
        sum.AppendData(PlanesOf(index));
        IdentifyLabel(index, sum);
    }

    /// <summary>A byte where one holds it, as the first formats had it: what is on record stays right.</summary>
    public void IdentifyLabel(int index, IncrementalHash sum) =>
        sum.AppendData(labels[index] is >= 0 and <= byte.MaxValue ? [(byte)labels[index]] : BitConverter.GetBytes(labels[index]));
}
