using Trainer.Benchmarks.Gpu;

namespace Trainer.Benchmarks;

/// <summary>Times the operations of a CPU device.</summary>
internal static class KernelCommand
{
    public static int Run(string[] args)
    {
        if (!BenchmarkOptions.TryParse(args, out var options, out var problem))
        {
            Console.Error.WriteLine(problem);
            Console.Error.WriteLine(BenchmarkOptions.Usage);
            return 2;
        }

        if (options.Verb == "conv")
        {
            return ConvolutionBenchmarks.Run(options);
        }

        if (options.Verb == "ops")
        {
            return OperationBenchmarks.Run(options);
        }

        if (options.Verb == "kernels")
        {
            return KernelTable.Run(options.Only);
        }

        using var bench = new Bench(options);
        switch (options.Verb)
        {
            case "gemm":
                KernelBenchmarks.Gemm(bench);
                break;
            case "linear":
                KernelBenchmarks.Linear(bench);
                break;
            case "lenet":
                LeNetBenchmark.Operations(bench);
                LeNetBenchmark.Step(bench);
                break;
        }

        return 0;
    }
}
