using System.CommandLine;
using Trainer.Cli.Home;
using Trainer.Cli.Options;
using Trainer.Cli.Output;

namespace Trainer.Cli.Api;

/// <summary>How a command is told which cluster it is about.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<Uri?> _endpoint = new("--endpoint")
    {
        Description = "The job API of a cluster elsewhere. Default: the local cluster's.",
        HelpName = "http://HOST:PORT",
        CustomParser = HttpAddress.Parse,
    };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Description = "Holds the token that the cluster wants. Default: the run folder's.",
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
        command.Options.Add(_runFolder);
    }

    public ClusterAddress Read(ParseResult parsed, Shell shell) =>
        new(parsed.GetValue(_endpoint), parsed.GetValue(_tokenFile), parsed.GetValue(_runFolder) ?? LocalFolders.Of(shell.Environment).Run);
}
