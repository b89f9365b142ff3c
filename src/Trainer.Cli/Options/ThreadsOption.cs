using System.CommandLine;

namespace Trainer.Cli.Options;

/// <summary>--threads of commands that compute.</summary>
internal static class ThreadsOption
{
    public static Option<int> Create()
    {
        var threads = new Option<int>("--threads") { Description = "Threads that compute. Default: one for each processor.", HelpName = "N" };
        threads.Validators.Add(Numbers.Between(1, 1024));
        return threads;
    }
}
