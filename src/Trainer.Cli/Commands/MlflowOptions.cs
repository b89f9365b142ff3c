using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Options;
using Trainer.Coordinator.Mlflow;

namespace Trainer.Cli.Commands;

/// <summary>--mlflow, --mlflow-token-file and --mlflow-experiment: the tracking server to which jobs are logged.</summary>
internal sealed class MlflowOptions
{
    private readonly Option<Uri?> _address = new("--mlflow")
    {
        Description = "An MLflow tracking server to which each job is logged as a run.",
        HelpName = "URL",
        CustomParser = HttpAddress.ParseBase,
    };

    private readonly Option<string?> _token = new("--mlflow-token-file") { Description = "Holds a token for it, or USER:PASSWORD.", HelpName = "FILE" };

    private readonly Option<string?> _experiment = new("--mlflow-experiment") { Description = $"The experiment whose runs they are; it is made where it is not there. Default: {MlflowTarget.UsualExperiment}.", HelpName = "NAME" };

    public MlflowOptions() => _experiment.Validators.Add(given =>
    {
        if (string.IsNullOrWhiteSpace(given.GetValueOrDefault<string>()))
        {
            given.AddError("--mlflow-experiment: expected a name, got nothing.");
        }
    });

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _address, _token, _experiment })
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="CliException">Something of it without the address; the file cannot be read.</exception>
    public MlflowTarget? Read(ParseResult parsed)
    {
        var (address, file, experiment) = (parsed.GetValue(_address), parsed.GetValue(_token), parsed.GetValue(_experiment));
        if (address is null)
        {
            return file is null && experiment is null ? null : throw new CliException("--mlflow-token-file and --mlflow-experiment say nothing without --mlflow.", ExitCode.Usage);
        }

        return new MlflowTarget(address, file is null ? null : MlflowTarget.CredentialsOf(TokenFile.ReadOwn(file)), experiment ?? MlflowTarget.UsualExperiment);
    }

    /// <summary>As <see cref="Read"/> reads them again.</summary>
    public IReadOnlyList<string> Arguments(ParseResult parsed) => Read(parsed) is { } target
        ? [_address.Name, target.Address.OriginalString, _experiment.Name, target.Experiment, .. parsed.GetValue(_token) is { } file ? [_token.Name, Path.GetFullPath(file)] : Array.Empty<string>()]
        : [];
}
