using Trainer.Cli.Errors;

namespace Trainer.Cli.Api;

/// <summary>A file with the job API's token: one word, as a Kubernetes secret or a run folder holds it.</summary>
internal static class TokenFile
{
    public static string Read(string path)
    {
        try
        {
            var token = File.ReadAllText(path).Trim();
            if (token.Length > 0 && !token.Any(char.IsWhiteSpace))
            {
                return token;
            }

            var got = token.Length == 0 ? "an empty file" : "several words";
            throw new CliException($"{path}: expected a token in one word, got {got}.", ExitCode.Usage);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"The token cannot be read: {unreadable.Message}", ExitCode.Usage, inner: unreadable);
        }
    }
}
