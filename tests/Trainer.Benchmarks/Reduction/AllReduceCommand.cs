using System.Text.Json;

namespace Trainer.Benchmarks.Reduction;

/// <summary>
/// <c>allreduce</c>: the all-reduce alone, over real links, a process for each worker (but one for all, where links go through memory) and one computing thread for each. A barrier before each one, which is not timed,
/// lets all begin together.
/// </summary>
internal static class AllReduceCommand
{
    public static int Run(string[] args)
    {
        if (!AllReduceOptions.TryParse(args, out var options, out var problem))
        {
            Console.Error.WriteLine(problem);
            Console.Error.WriteLine(AllReduceOptions.Usage);
            return 2;
        }

        if (options.Rank is { } rank)
        {
            return AllReduceProcess.Run(options, rank);
        }

        if (!options.Json)
        {
            Console.WriteLine(AllReduceFigures.Header);
        }

        foreach (var elements in options.Elements)
        {
            if (Measure(options, elements) is not { } figures)
            {
                return 1;
            }

            Console.WriteLine(options.Json ? JsonSerializer.Serialize(figures) : figures.ToString());
        }

        return 0;
    }

    private static AllReduceFigures? Measure(AllReduceOptions options, int elements)
    {
        if (options.Transport == AllReduceOptions.Memory)
        {
            return AllReduceProcess.MeasureInMemory(options with { Elements = [elements] });
        }

        using var certificates = options.Transport == AllReduceOptions.Tls ? new MeshCertificates() : null;
        using var processes = new AllReduceProcesses(options with { Certificates = certificates?.Folder }, elements);
        return processes.Run();
    }
}
