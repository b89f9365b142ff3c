namespace Trainer.Kernels.Data;

/// <summary>Images as bytes (N, C, H, W) with class indices. Pixels become floats v / 255, as torchvision's ToTensor.</summary>
public sealed class DataSet
{
    public int Count => throw new NotImplementedException();

    /// <summary>Per sample, (C, H, W).</summary>
    public Shape Shape => throw new NotImplementedException();

    /// <summary>One more than the largest label.</summary>
    public int Classes => throw new NotImplementedException();

    /// <exception cref="DataFileException">Naming file, offset, found and expected.</exception>
    public static DataSet FromIdx(string images, string labels) => throw new NotImplementedException();

    /// <summary>Writes sample <paramref name="index"/> as floats to <paramref name="pixels"/> and returns its label.</summary>
    public int Read(int index, Span<float> pixels) => throw new NotImplementedException();
}

/// <summary>A file from outside that is not what it should be.</summary>
public sealed class DataFileException(string file, string problem, Exception? inner = null) : IOException($"{file}: {problem}", inner)
{
    public string File { get; } = file;
}
