using Trainer.Kernels.Training;

namespace Trainer.Kernels.Formats;

/// <summary>The safetensors format (github.com/huggingface/safetensors): 8 bytes header length, JSON header, raw little-endian tensors.</summary>
public static class Safetensors
{
    /// <summary>
    /// Writes the parameters in layer order with torch.nn's names and layouts, atomically (temporary file, fsync, rename);
    /// returns the file's SHA-256 in lower-case hex. The bytes are a function of layout and weights alone.
    /// </summary>
    public static string WriteWeights(string path, ParameterLayout layout, ReadOnlySpan<float> weights) => throw new NotImplementedException();

    /// <summary>The tensors of a file by name.</summary>
    /// <exception cref="Data.DataFileException">Not a safetensors file: what and at which offset.</exception>
    public static IReadOnlyDictionary<string, (Shape Shape, float[] Values)> Read(string path) => throw new NotImplementedException();
}
