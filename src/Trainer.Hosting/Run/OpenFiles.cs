using System.Runtime.InteropServices;

namespace Trainer.Hosting.Run;

/// <summary>How many files this process may have open at a time, connections among them.</summary>
public static partial class OpenFiles
{
    private const int NoFile = 7; // RLIMIT_NOFILE

    /// <summary>What setrlimit or ulimit -n says.</summary>
    public static long Most => GetLimit(NoFile, out var limit) == 0 ? (long)Math.Min(limit.Soft, long.MaxValue) : long.MaxValue;

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    private readonly record struct Limit(ulong Soft, ulong Hard);
}
