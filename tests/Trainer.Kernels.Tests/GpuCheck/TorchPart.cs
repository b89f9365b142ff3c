using System.Diagnostics;
using System.Text.Json;
using Trainer.Benchmarks;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>The same products and networks through the machine's PyTorch, in float32 without TF32: torch_times.py, which builds the networks of our models' JSON.</summary>
internal sealed record TorchPart() : CheckPart(GpuCheck.Topic.Torch, "PyTorch", [.. TimedProduct.All.Select(product => product.Name), .. TimedNetwork.All.Select(network => network.Name)])
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <param name="work">A folder for the description of the cases.</param>
    public ProcessStartInfo Start(GpuCheckOptions options, string device, string work, IReadOnlyList<int> numbers)
    {
        var cases = Path.Combine(work, "torch-cases.json");
        object[] all =
        [
            .. TimedProduct.All,
            .. TimedNetwork.All.Select(network => new { network.Name, network.Batch, Shape = network.Input.Dimensions, Layers = JsonSerializer.Deserialize<JsonElement>(network.Model.ToJson()) }),
        ];
        File.WriteAllText(cases, JsonSerializer.Serialize(all, Json));
        return new ProcessStartInfo(options.Python,
            [Path.Combine(AppContext.BaseDirectory, "torch", "torch_times.py"), cases, device, FormattableString.Invariant($"{options.Seconds}"), string.Join(',', numbers)]);
    }
}
