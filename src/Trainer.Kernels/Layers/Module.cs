using System.Text.Json;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>What a model is made of: a <see cref="Layer"/>, or a container of modules.</summary>
public abstract class Module
{
    private string? _name;

    /// <summary>As a job file names it: <c>conv2d</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Its name within its container, as torch.nn's parameter names have it; null: its number there.</summary>
    public string? Name
    {
        get => _name;
        init => _name = value;
    }

    /// <summary>As a job file has it: <c>{"linear":{"out_features":10}}</c>.</summary>
    public sealed override string ToString() => ModelJson.Write(this);

    /// <summary>Adds the layers of this module behind <paramref name="input"/> and returns the output of the last.</summary>
    internal abstract Value AddTo(Graph graph, Value input);

    /// <summary>For readers, who learn the name beside the options.</summary>
    internal void SetName(string? name) => _name = name;

    /// <summary>Writes the options that differ from their defaults, as the properties that a job file gives.</summary>
    internal virtual void WriteOptions(Utf8JsonWriter json)
    {
    }
}
