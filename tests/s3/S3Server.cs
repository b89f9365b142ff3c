using System.Diagnostics;

namespace Trainer.Tests.Artifacts;

/// <summary>npm's s3rver, which speaks as S3 does, over a folder of its own with the bucket "training"; disposing ends it. A test that wants it is skipped where it is missing, and says so.</summary>
public sealed class S3Server : IAsyncDisposable
{
    public const string Bucket = "training";

    /// <summary>The one key that it knows, and its secret.</summary>
    public const string Key = "S3RVER";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _folder;

    private S3Server(Process process, string folder, string endpoint) => (_process, _folder, Endpoint) = (process, folder, endpoint);

    /// <summary>http://host:port</summary>
    public string Endpoint { get; }

    /// <summary>What a process needs in its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["AWS_ENDPOINT_URL"] = Endpoint,
        ["AWS_ACCESS_KEY_ID"] = Key,
        ["AWS_SECRET_ACCESS_KEY"] = Key,
        ["AWS_REGION"] = "us-east-1",
    };

    public static async Task<S3Server> StartAsync()
    {
        var cache = System.Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".cache");
        var program = Path.Combine(cache, "trainer", "s3rver", "node_modules", "s3rver", "bin", "s3rver.js");
        Assert.SkipUnless(File.Exists(program), $"s3rver is not in {program}; ./test gets it.");
        var folder = Directory.CreateTempSubdirectory("trainer-s3-").FullName;
        var process = Process.Start(new ProcessStartInfo("node", [program, "-d", folder, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", Bucket])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            return new S3Server(process, folder, await ListeningAsync(process));
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    /// <summary>It hangs: connections are taken, and nothing answers.</summary>
    public void Stop() => Signal("STOP");

    public void Continue() => Signal("CONT");

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // What follows is read and dropped, so that it never waits for a reader.
    private static async Task<string> ListeningAsync(Process process)
    {
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        const string Sign = "listening on ";
        var said = "";
        using var limit = new CancellationTokenSource(Patience);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            said += line + "\n";
            if (line.Contains(Sign, StringComparison.Ordinal))
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                return $"http://{line[(line.IndexOf(Sign, StringComparison.Ordinal) + Sign.Length)..].Trim()}";
            }
        }

        throw new InvalidOperationException($"s3rver ended:\n{said}");
    }
}
