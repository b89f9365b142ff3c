using System.Collections.Immutable;

namespace Trainer.Kernels;

/// <summary>The dimensions of a tensor. Activations are described per sample, without the batch dimension: (C, H, W) or (F).</summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly ImmutableArray<int> _dimensions;

    public Shape(params ReadOnlySpan<int> dimensions)
    {
        foreach (var dimension in dimensions)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension, nameof(dimensions));
        }

        _dimensions = [.. dimensions];
    }

    public ImmutableArray<int> Dimensions => _dimensions.IsDefault ? [] : _dimensions;

    public int Rank => Dimensions.Length;

    public int this[int index] => Dimensions[index];

    /// <summary>The number of elements; 1 for a scalar. Throws <see cref="OverflowException"/> beyond 2^63.</summary>
    public long Elements
    {
        get
        {
            var product = 1L;
            foreach (var dimension in Dimensions)
            {
                product = checked(product * dimension);
            }

            return product;
        }
    }

    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    public bool Equals(Shape other) => Dimensions.AsSpan().SequenceEqual(other.Dimensions.AsSpan());

    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var dimension in Dimensions)
        {
            hash.Add(dimension);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => $"({string.Join(",", Dimensions)})";
}
