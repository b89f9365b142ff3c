using System.CommandLine;
using Trainer.Cli.Errors;
using Trainer.Cli.Home;
using Trainer.Cli.Options;
using Trainer.Cli.Output;

namespace Trainer.Cli.Api;

/// <summary>
/// How a command is told which cluster it is about. The first that is there wins: its options, TRAINER_ENDPOINT, the context in use, this machine's cluster.
/// </summary>
internal sealed class ConnectionOptions
{
    private const string EndpointVariable = "TRAINER_ENDPOINT";
    private const string TokenFileVariable = "TRAINER_TOKEN_FILE";
    private const string AuthorityVariable = "TRAINER_CA";

    private readonly Option<IReadOnlyList<Uri>?> _endpoint = new("--endpoint")
    {
        Description = "The job API of a cluster elsewhere; of several coordinators all, with commas between them: the first that serves is asked. Default: $TRAINER_ENDPOINT, else the context in use, else the cluster of this machine.",
        HelpName = "http://HOST:PORT,...",
        CustomParser = HttpAddress.ParseSeveral,
    };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Description = "The file with the token that the cluster wants. Default: $TRAINER_TOKEN_FILE, the context's, the run folder's.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _authority = new("--ca")
    {
        Description = "The file (PEM) with the authority of the cluster's certificates. Default: $TRAINER_CA, the context's, else the system's authorities.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _runFolder = new("--run-folder")
    {
        Description = "The local cluster's run folder. Default: run/ in $TRAINER_HOME.",
        HelpName = "FOLDER",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_endpoint);
        command.Options.Add(_tokenFile);
        command.Options.Add(_authority);
        command.Options.Add(_runFolder);
    }

    /// <exception cref="CliException">The environment or the file of contexts is wrong.</exception>
    public ClusterAddress Read(ParseResult parsed, Shell shell)
    {
        var folders = LocalFolders.Of(shell.Environment);
        var tokenFile = parsed.GetValue(_tokenFile) ?? Variable(shell, TokenFileVariable);
        var authority = parsed.GetValue(_authority) ?? Variable(shell, AuthorityVariable);
        var run = parsed.GetValue(_runFolder);
        if (parsed.GetValue(_endpoint) is { } given)
        {
            return new(given, tokenFile, run ?? folders.Run) { Authority = authority };
        }

        if (run is not null)
        {
            return new(null, parsed.GetValue(_tokenFile), run) { Authority = parsed.GetValue(_authority) };
        }

        if (Variable(shell, EndpointVariable) is { } variable)
        {
            return new(Addresses(EndpointVariable, variable), tokenFile, folders.Run) { Authority = authority };
        }

        return ContextFile.Read(folders.Contexts) is { Chosen: { } chosen }
            ? new(Addresses(folders.Contexts, chosen.Endpoint), tokenFile ?? chosen.TokenFile, folders.Run) { Authority = authority ?? chosen.Ca }
            : new(null, parsed.GetValue(_tokenFile), folders.Run) { Authority = parsed.GetValue(_authority) };
    }

    private static string? Variable(Shell shell, string name) => shell.Environment(name) is { Length: > 0 } value ? value : null;

    private static IReadOnlyList<Uri> Addresses(string place, string text) => HttpAddress.TryParseSeveral(text)
        ?? throw new CliException($"{place}: {HttpAddress.ExpectedSeveral(text)}", ExitCode.Usage);
}
