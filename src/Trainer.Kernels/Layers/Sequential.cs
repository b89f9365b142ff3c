using System.Text.Json;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>Modules one after another. Children are named by their index, as in torch.nn.Sequential; without any, y = x.</summary>
public sealed class Sequential(params IEnumerable<Module> modules) : Module
{
    public IReadOnlyList<Module> Modules { get; } = [.. modules];

    public override string Kind => "sequential";

    internal override Value AddTo(Graph graph, Value input) => graph.AddChildren("layers", 0, Modules, input);

    internal static Sequential Read(JsonOptions options) => new(options.Modules("layers"));

    internal override void WriteOptions(Utf8JsonWriter json) => json.WriteModules("layers", Modules);
}
