namespace Trainer.Cli.Errors;

/// <summary>What `trainer` returns to the shell; `trainer --help` lists them.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The job failed or was cancelled, or the command could not do what it was asked.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the job file is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No cluster, no answer, or a token that it does not accept.</summary>
    public const int Unreachable = 3;

    /// <summary>Ctrl-C or SIGTERM before the end, as shells have it (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "success"),
        (Failed, "the job failed or was cancelled, or the command could not do its work"),
        (Usage, "the command line or the job file is wrong"),
        (Unreachable, "no cluster could be reached, or it does not accept the token"),
        (Interrupted, "interrupted; a job that was being followed goes on"),
    ];
}
