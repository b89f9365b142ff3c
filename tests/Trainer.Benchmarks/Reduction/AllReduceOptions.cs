using System.Globalization;

namespace Trainer.Benchmarks.Reduction;

/// <param name="Workers">Members, each a process of its own.</param>
/// <param name="Elements">Of the gradients to be summed, one after another.</param>
/// <param name="IsUnix">Over Unix-domain sockets; else over TCP on loopback.</param>
/// <param name="Seconds">Time spent on each number of elements, about.</param>
/// <param name="Rank">Of the member that this process is; null: the process that starts them.</param>
internal sealed record AllReduceOptions(int Workers, IReadOnlyList<int> Elements, bool IsUnix, double Seconds, bool Json, int? Rank = null)
{
    public const string Usage = "usage: allreduce [--workers W] [--elements N,...] [--transport unix|tcp] [--seconds S] [--json]";

    /// <summary>LeNet's gradient, 8 MB, ResNet18's and AlexNet's.</summary>
    private static readonly int[] UsualElements = [61_712, 1_992_166, 11_178_378, 46_764_746];

    public static bool TryParse(ReadOnlySpan<string> args, out AllReduceOptions options, out string problem)
    {
        (options, problem) = (new AllReduceOptions(Workers: 2, UsualElements, IsUnix: true, Seconds: 3, Json: false), "");
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
        "allreduce", "--workers", Text(Workers), "--elements", Text(elements), "--transport", IsUnix ? "unix" : "tcp",
        "--seconds", Seconds.ToString(CultureInfo.InvariantCulture), "--rank", Text(rank),
    ];

    private AllReduceOptions? With(string name, string value) => name switch
    {
        "--workers" when Number(value) is > 0 and <= 64 and var workers => this with { Workers = workers },
        "--elements" when value.Split(',').Select(Number).ToArray() is var elements && elements.All(n => n > 0) => this with { Elements = elements },
        "--transport" when value is "unix" or "tcp" => this with { IsUnix = value == "unix" },
        "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) && seconds > 0 => this with { Seconds = seconds },
        "--rank" when Number(value) is >= 0 and var rank => this with { Rank = rank },
        _ => null,
    };

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
