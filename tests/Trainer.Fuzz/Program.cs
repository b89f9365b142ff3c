using System.Globalization;
using SharpFuzz;

namespace Trainer.Fuzz;

/// <summary>tests/fuzz: makes the assemblies beside it tell their branches, then feeds their parsers.</summary>
internal static class Program
{
    private const string Usage = "tests/fuzz [--minutes M] [--seed X] [--targets NAME,...]";

    private static readonly string[] Instrumented = ["Trainer.Kernels.dll", "Trainer.Protos.dll", "Trainer.Hosting.dll", "Trainer.Node.dll", "YamlDotNet.dll", "Parquet.dll"];

    // What computes has no parser, and would be slow.
    private static bool IsToTell(string type) => !type.StartsWith("Trainer.Kernels.", StringComparison.Ordinal)
        || type.StartsWith("Trainer.Kernels.Data", StringComparison.Ordinal) || type.StartsWith("Trainer.Kernels.Formats", StringComparison.Ordinal)
        || type.StartsWith("Trainer.Kernels.Schema", StringComparison.Ordinal) || type.StartsWith("Trainer.Kernels.Models", StringComparison.Ordinal)
        || type.StartsWith("Trainer.Kernels.Layers", StringComparison.Ordinal) || type is "Trainer.Kernels.Training.StateHeader" or "Trainer.Kernels.Training.WarmStart";

    public static int Main(string[] arguments)
    {
        if (arguments is ["instrument"])
        {
            foreach (var assembly in Instrumented)
            {
                Fuzzer.Instrument(Path.Combine(AppContext.BaseDirectory, assembly), IsToTell, Options.Value);
            }

            return 0;
        }

        var given = Enumerable.Range(0, arguments.Length / 2).ToDictionary(i => arguments[2 * i], i => arguments[(2 * i) + 1], StringComparer.Ordinal);
        if (arguments.Length % 2 != 0 || !given.ContainsKey("--root") || given.Keys.Except(["--minutes", "--seed", "--targets", "--root"]).Any())
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        Coverage.Listen();
        var (root, seed) = (given["--root"], int.Parse(given.GetValueOrDefault("--seed", "1"), CultureInfo.InvariantCulture));
        var length = TimeSpan.FromMinutes(double.Parse(given.GetValueOrDefault("--minutes", "1"), CultureInfo.InvariantCulture));
        var folder = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"trainer-fuzz-{Environment.ProcessId}")).FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true); // Also where it ends since an input hangs.
        using var all = new Targets(folder, root);
        var names = given.GetValueOrDefault("--targets")?.Split(',');
        var targets = all.All().Where(target => names?.Contains(target.Name) != false).ToList();
        if (names?.Except(targets.Select(target => target.Name)).ToList() is { Count: > 0 } unknown)
        {
            Console.Error.WriteLine($"There is no target {string.Join(", ", unknown)}. Those that there are: {string.Join(", ", all.All().Select(target => target.Name))}.");
            return 2;
        }

        Console.WriteLine($"{length.TotalMinutes:0.#} minutes, seed {seed}: {string.Join(", ", targets.Select(target => target.Name))}");
        return new Session(targets, Path.Combine(root, "tests/fuzz-corpus"), Path.Combine(root, "TestResults/fuzz"), seed).Run(length) == 0 ? 0 : 1;
    }
}
