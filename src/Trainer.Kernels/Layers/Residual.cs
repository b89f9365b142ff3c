using System.Text.Json;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>y = layers(x) + shortcut(x): He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2016 (arXiv:1512.03385), eq. 1 and 2.</summary>
/// <remarks>Children are numbered through, the shortcut's behind the others. Backward gives both sides dy.</remarks>
public sealed class Residual(params IEnumerable<Module> layers) : Module
{
    public IReadOnlyList<Module> Layers { get; } = [.. layers];

    /// <summary>Empty: x itself.</summary>
    public IReadOnlyList<Module> Shortcut { get; init; } = [];

    public override string Kind => "residual";

    internal override Value AddTo(Graph graph, Value input)
    {
        if (Layers.Count == 0)
        {
            throw graph.Refuse("layers", "there are none");
        }

        var sum = graph.AddChildren("layers", 0, Layers, input);
        return graph.AddSum(sum, graph.AddChildren("shortcut", Layers.Count, Shortcut, input));
    }

    internal static Residual Read(JsonOptions options) => new(options.Modules("layers")) { Shortcut = options.ModulesOrNone("shortcut") };

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WriteModules("layers", Layers);
        if (Shortcut.Count > 0)
        {
            json.WriteModules("shortcut", Shortcut);
        }
    }
}
