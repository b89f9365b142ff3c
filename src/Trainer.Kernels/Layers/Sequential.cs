using System.Text.Json;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>Modules one after another. Children are named by their index, as in torch.nn.Sequential.</summary>
public sealed class Sequential(params IEnumerable<Module> modules) : Module
{
    public IReadOnlyList<Module> Modules { get; } = [.. modules];

    public override string Kind => "sequential";

    internal override Value AddTo(Graph graph, Value input)
    {
        for (var i = 0; i < Modules.Count; i++)
        {
            input = graph.AddChild(i, Modules[i], input);
        }

        return input;
    }

    internal static Sequential Read(JsonOptions options) => new(options.Modules("layers"));

    internal override void WriteOptions(Utf8JsonWriter json)
    {
        json.WritePropertyName("layers");
        json.WriteModules(Modules);
    }
}
