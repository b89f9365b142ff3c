using System.Globalization;
using Trainer.Node.Links;

namespace Trainer.Benchmarks.Reduction;

/// <param name="Workers">Members, each a process of its own, but where they exchange through memory.</param>
/// <param name="Elements">Of the gradients to be summed, one after another.</param>
/// <param name="Transport">unix: Unix-domain sockets; tcp: TCP on loopback; tls: TCP on loopback with certificates; memory: all are in one process.</param>
/// <param name="Seconds">Time spent on each number of elements, about.</param>
/// <param name="Rank">Of the member that this process is; null: the process that starts them.</param>
internal sealed record AllReduceOptions(int Workers, IReadOnlyList<int> Elements, string Transport, double Seconds, bool Json, int? Rank = null)
{
    public const string Unix = "unix";
    public const string Tcp = "tcp";
    public const string Tls = "tls";
    public const string Memory = LinkRoutes.Memory;

    public const string Usage = "usage: allreduce [--workers W] [--elements N,...] [--transport unix|tcp|tls|memory] [--seconds S] [--json]";

    /// <summary>LeNet's gradient, 8 MB, ResNet18's and AlexNet's.</summary>
    private static readonly int[] UsualElements = [61_712, 1_992_166, 11_178_378, 46_764_746];

    /// <summary>The folder of the members' certificates; null: they have none.</summary>
    public string? Certificates { get; init; }

    public static bool TryParse(ReadOnlySpan<string> args, out AllReduceOptions options, out string problem)
    {
        (options, problem) = (new AllReduceOptions(Workers: 2, UsualElements, Transport: Unix, Seconds: 3, Json: false), "");
        for (var i = 0; i < args.Length && problem.Length == 0; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            if (args[i] == "--json")
            {
                options = options with { Json = true };
            }
            else if (options.With(args[i], value) is { } changed)
            {
                (options, i) = (changed, i + 1);
            }
            else
            {
                problem = $"Cannot read '{args[i]} {value}'.";
            }
        }

        return problem.Length == 0;
    }

    /// <summary>The arguments of a member's process.</summary>
    public IEnumerable<string> ArgumentsOf(int rank, int elements) =>
    [
        "allreduce", "--workers", Text(Workers), "--elements", Text(elements), "--transport", Transport,
        "--seconds", Seconds.ToString(CultureInfo.InvariantCulture), "--rank", Text(rank), .. Certificates is null ? Array.Empty<string>() : ["--certificates", Certificates],
    ];

    private AllReduceOptions? With(string name, string value) => name switch
    {
        "--workers" when Number(value) is > 0 and <= 64 and var workers => this with { Workers = workers },
        "--elements" when value.Split(',').Select(Number).ToArray() is var elements && elements.All(n => n > 0) => this with { Elements = elements },
        "--transport" when value is Unix or Tcp or Tls or Memory => this with { Transport = value },
        "--certificates" when value.Length > 0 => this with { Certificates = value },
        "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) && seconds > 0 => this with { Seconds = seconds },
        "--rank" when Number(value) is >= 0 and var rank => this with { Rank = rank },
        _ => null,
    };

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
