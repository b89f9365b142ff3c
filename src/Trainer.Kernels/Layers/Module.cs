using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>What a model is made of: a <see cref="Layer"/>, or a container of modules. Public properties that can be initialised are its options, in job files too.</summary>
public abstract class Module
{
    /// <summary>As a job file names it: <c>conv2d</c>.</summary>
    public string Kind => KindAttribute.WordOf(GetType());

    /// <summary>Its name within its container, as torch.nn's parameter names have it; null: its number there.</summary>
    [BesideKind]
    public string? Name { get; init; }

    /// <summary>As a job file has it: <c>{"linear":{"out_features":10}}</c>.</summary>
    public sealed override string ToString() => JsonText.Write(this);

    /// <summary>Adds the layers of this module behind <paramref name="input"/> and returns the output of the last.</summary>
    internal abstract Value AddTo(Graph graph, Value input);
}
