using System.Runtime.InteropServices;

namespace Trainer.Hosting.Run;

/// <summary>How many files this process may have open at a time, connections among them.</summary>
public static partial class OpenFiles
{
    /// <summary>With fewer a coordinator does not start.</summary>
    public const long Enough = 1024;

    /// <summary>What a process of ours has before anybody comes: some 320, most of them its own libraries; and room for more of these.</summary>
    private const long ForItself = 512;

    private const int NoFile = 7; // RLIMIT_NOFILE

    /// <summary>What setrlimit or ulimit -n says.</summary>
    public static long Most => GetLimit(NoFile, out var limit) == 0 ? (long)Math.Min(limit.Soft, long.MaxValue) : long.MaxValue;

    /// <summary>What remains for connections.</summary>
    public static long ForOthers => Math.Max(0, Most - ForItself);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    private readonly record struct Limit(ulong Soft, ulong Hard);
}
