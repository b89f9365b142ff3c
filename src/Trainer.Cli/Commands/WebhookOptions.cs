using System.CommandLine;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Options;
using Trainer.Coordinator.Webhooks;

namespace Trainer.Cli.Commands;

/// <summary>--webhook and --webhook-secret-file: who is told of changes of jobs' states.</summary>
internal sealed class WebhookOptions
{
    private readonly Option<Uri?> _address = new("--webhook")
    {
        Description = "A POST goes there for each change of a job's state, signed as Standard Webhooks are; again until it is taken.",
        HelpName = "URL",
        CustomParser = HttpAddress.ParseTarget,
    };

    private readonly Option<string?> _secret = new("--webhook-secret-file")
    {
        Description = $"Holds what webhooks are signed with: {WebhookSecret.Expected}.",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_address);
        command.Options.Add(_secret);
    }

    /// <exception cref="CliException">One without the other; the file cannot be read, or holds no secret.</exception>
    public WebhookTarget? Read(ParseResult parsed)
    {
        var (address, file) = (parsed.GetValue(_address), parsed.GetValue(_secret));
        if (address is null && file is null)
        {
            return null;
        }

        if (address is null || file is null)
        {
            throw new CliException("--webhook and --webhook-secret-file belong together: receivers know by the signature who sends.", ExitCode.Usage);
        }

        return WebhookSecret.TryParse(TokenFile.ReadOwn(file, "webhook secret"), out var secret) ? new WebhookTarget(address, secret) : throw new CliException(
            $"{file}: expected {WebhookSecret.Expected}, got something else.", ExitCode.Usage, $"Make one with: (umask 077; echo whsec_$(openssl rand -base64 32) > {file})");
    }

    /// <summary>As <see cref="Read"/> reads them again.</summary>
    public IReadOnlyList<string> Arguments(ParseResult parsed) => Read(parsed) is { } target
        ? [_address.Name, target.Address.OriginalString, _secret.Name, Path.GetFullPath(parsed.GetValue(_secret)!)]
        : [];
}
