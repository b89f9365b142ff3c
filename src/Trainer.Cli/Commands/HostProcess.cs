using System.CommandLine;
using Trainer.Cli.Errors;
using Trainer.Cli.Local;
using Trainer.Cli.Options;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Cluster;
using Trainer.Hosting.Files;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Logging;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Commands;

/// <summary>Options that every long-running process of the cluster has, and how it ends.</summary>
internal sealed class HostProcess
{
    /// <summary>How long a process may take to stop once its parent is gone.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    public Option<string> Host { get; } = new("--host")
    {
        Description = "The address to bind and to be known by. Anything but loopback needs certificates.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    public Option<int> ClusterPort { get; } = Port("--cluster-port", "actor messages");

    public Option<int> HttpPort { get; } = Port("--http-port", "metrics, health and, of a coordinator, the job API in JSON");

    public Option<string[]> Seed { get; } = new("--seed")
    {
        Description = "Each coordinator's cluster address, in the same order everywhere. Repeat it for several.",
        HelpName = "HOST:PORT",
        DefaultValueFactory = _ => [],
    };

    public Option<string?> RunFolder { get; } = new("--run-folder")
    {
        Description = "A local cluster's private folder, through which its processes find each other.",
        HelpName = "FOLDER",
    };

    public Option<string[]> DataRoot { get; } = new("--data-root")
    {
        Description = "A folder of which jobs may read data and weights; repeat it for several. Without it: everything with --run-folder, which is one user's own, else data sets by name alone.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => [],
    };

    public Option<bool> MetricsOpen { get; } = MetricsOption.Create();

    public Option<Uri?> Otlp { get; } = OtlpOption.Create();

    public Option<string?> Certificate { get; } = File("--certificate", "The process's certificate (PEM), as 'trainer certs create' makes it. Read again when it is exchanged.");

    public Option<string?> Key { get; } = File("--key", "The private key of --certificate (PEM), which nobody else may read.");

    public Option<string?> Authority { get; } = File("--ca", "The authorities (PEM) whose certificates other processes of the cluster have.");

    public Option<bool> Insecure { get; } = new("--insecure")
    {
        Description = "Speak in clear and let everybody in. Only behind a network policy.",
    };

    public Option<bool> ExitWithParent { get; } = new("--exit-with-parent")
    {
        Description = "Stop when standard input closes, that is, when the process that holds its other end has ended.",
    };

    public Option<LogLevel?> LogLevel { get; } = OneOf("--log-level", "LEVEL", "The least that is logged", Levels, "info");

    public Option<LogFormat?> LogFormat { get; } = OneOf("--log-format", "FORMAT", "What a line of the log is", Formats, "text");

    private static Dictionary<string, LogLevel> Levels { get; } = new(StringComparer.Ordinal)
    {
        ["trace"] = Microsoft.Extensions.Logging.LogLevel.Trace,
        ["debug"] = Microsoft.Extensions.Logging.LogLevel.Debug,
        ["info"] = Microsoft.Extensions.Logging.LogLevel.Information,
        ["warn"] = Microsoft.Extensions.Logging.LogLevel.Warning,
        ["error"] = Microsoft.Extensions.Logging.LogLevel.Error,
    };

    private static Dictionary<string, LogFormat> Formats { get; } = new(StringComparer.Ordinal)
    {
        ["text"] = Hosting.Logging.LogFormat.Text,
        ["json"] = Hosting.Logging.LogFormat.Json,
    };

    private readonly IReadOnlyList<Limit> _limits;

    /// <param name="limits">That the process has.</param>
    public HostProcess(IReadOnlyList<Limit> limits)
    {
        _limits = limits;
        Seed.Validators.Add(given =>
        {
            foreach (var token in given.Tokens.Where(token => !SeedAddress.TryParse(token.Value, out _)))
            {
                given.AddError($"--seed: expected {SeedAddress.Expected}, got '{token.Value}'.");
            }
        });
        Limit = LimitOption.Create(limits);
    }

    public Option<string[]> Limit { get; }

    /// <summary>Null: none are given.</summary>
    /// <exception cref="CliException">Only some of them are.</exception>
    public CertificateFiles? Certificates(ParseResult parsed) => (parsed.GetValue(Certificate), parsed.GetValue(Key), parsed.GetValue(Authority)) switch
    {
        (null, null, null) => null,
        ({ } certificate, { } key, { } authority) => new CertificateFiles(Path.GetFullPath(certificate), Path.GetFullPath(key), Path.GetFullPath(authority)),
        _ => throw new CliException("--certificate, --key and --ca belong together, and only some of them are given.", ExitCode.Usage, "Make them with: trainer certs create --to FOLDER"),
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { Host, ClusterPort, HttpPort, Seed, RunFolder, DataRoot, Limit, MetricsOpen, Otlp, Certificate, Key, Authority, Insecure, ExitWithParent, LogLevel, LogFormat })
        {
            command.Options.Add(option);
        }
    }

    public FileRoots Files(ParseResult parsed) => (parsed.GetValue(DataRoot), parsed.GetValue(RunFolder)) is ({ Length: 0 }, not null)
        ? FileRoots.Everything
        : FileRoots.Of(parsed.GetValue(DataRoot)!);

    public ProcessLimits Limits(ParseResult parsed) => ProcessLimits.Parse(parsed.GetValue(Limit)!, _limits);

    public LogOptions Log(ParseResult parsed) => new(
        parsed.GetValue(LogLevel) ?? Microsoft.Extensions.Logging.LogLevel.Information, parsed.GetValue(LogFormat) ?? Hosting.Logging.LogFormat.Text);

    /// <param name="usual">Unless it is given.</param>
    public static Option<string> Name(string description, Func<string> usual)
    {
        var name = new Option<string>("--name") { Description = description, DefaultValueFactory = _ => usual() };
        name.Validators.Add(given =>
        {
            foreach (var token in given.Tokens.Where(token => !Hosting.Run.RunFolder.IsName(token.Value)))
            {
                given.AddError($"--name: expected {Hosting.Run.RunFolder.ExpectedName}, got '{token.Value}'.");
            }
        });
        return name;
    }

    public static Option<int> Port(string name, string use)
    {
        var port = new Option<int>(name) { Description = $"The port for {use}; 0 takes any free one.", HelpName = "PORT" };
        port.Validators.Add(Numbers.Between(0, 65535));
        return port;
    }

    public RunFolder? OpenRunFolder(ParseResult parsed) =>
        parsed.GetValue(RunFolder) is { } path ? Hosting.Run.RunFolder.OpenOrCreate(path) : null;

    /// <summary>Runs the host until it is told to stop: by a signal, or, with --exit-with-parent, by the end of the parent.</summary>
    public Task<int> RunAsync(ParseResult parsed, Func<CancellationToken, Task<int>> host, CancellationToken stop)
    {
        PrivateFiles.ForWholeProcess();
        return host(parsed.GetValue(ExitWithParent) ? LiveWithParent(stop) : stop);
    }

    /// <summary>Cancelled with <paramref name="stop"/> or when standard input closes; the process then has <see cref="Grace"/> to end.</summary>
    public static CancellationToken LiveWithParent(CancellationToken stop)
    {
        Posix.LeaveTerminal(); // Ctrl-C is the parent's to handle
        var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        ParentPipe.Watch(ended.Cancel, Grace);
        return ended.Token;
    }

    private static Option<string?> File(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    private static Option<T?> OneOf<T>(string name, string helpName, string description, Dictionary<string, T> words, string usual)
        where T : struct => new(name)
        {
            Description = $"{description}: {string.Join(", ", words.Keys)}. Default: {usual}.",
            HelpName = helpName,
            CustomParser = result =>
            {
                if (words.TryGetValue(result.Tokens[0].Value, out var value))
                {
                    return value;
                }

                result.AddError($"{name}: expected {string.Join(", ", words.Keys)}, got '{result.Tokens[0].Value}'.");
                return null;
            },
        };
}
