namespace Trainer.Kernels.Models;

/// <summary>A network's layers for a given input shape: a static graph whose shapes are inferred and checked when it is made.</summary>
public sealed class Model
{
    /// <summary>Per-sample input, (C, H, W).</summary>
    public Shape Input => throw new NotImplementedException();

    /// <summary>Outputs of the last layer: the classes.</summary>
    public int Classes => throw new NotImplementedException();

    /// <summary>Elements of all parameters.</summary>
    public long Parameters => throw new NotImplementedException();

    /// <summary>
    /// Reads the layers of a job file's model section in its JSON form, <c>[{"conv2d":{"out_channels":6,...}}, ...]</c>.
    /// </summary>
    /// <exception cref="ModelException">With the path of the layer (<c>layers[3].conv2d</c>) and what is wrong with it.</exception>
    public static Model FromJson(string layers, Shape input) => throw new NotImplementedException();
}

/// <summary>A model that cannot be built. <see cref="Path"/> is relative to the model section: <c>layers[3].conv2d</c>.</summary>
public sealed class ModelException(string path, string problem) : Exception($"{path}: {problem}")
{
    public string Path { get; } = path;

    public string Problem { get; } = problem;
}
