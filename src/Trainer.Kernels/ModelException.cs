namespace Trainer.Kernels;

/// <summary>A model, or another part of a job, that cannot be built. <see cref="Path"/> of a layer is relative to the model section: <c>layers[3].conv2d</c>.</summary>
public sealed class ModelException(string path, string problem) : Exception($"{path}: {problem}")
{
    public string Path { get; } = path;

    public string Problem { get; } = problem;
}
