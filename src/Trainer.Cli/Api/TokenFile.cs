using Trainer.Cli.Errors;

namespace Trainer.Cli.Api;

/// <summary>A file with the job API's token: one word, as a Kubernetes secret or a run folder holds it.</summary>
internal static class TokenFile
{
    /// <summary>The token of a process of the cluster. Its group may read it, as a Kubernetes secret's does.</summary>
    /// <exception cref="CliException">As <see cref="Read"/>; or everybody can read it.</exception>
    public static string ReadOwn(string path)
    {
        var token = Read(path);
        using var file = File.OpenHandle(path);
        var mode = File.GetUnixFileMode(file);
        return (mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) == UnixFileMode.None ? token : throw new CliException(
            $"{path}: every user of this machine can read or change this token (mode {Convert.ToString((int)mode, 8)}).", ExitCode.Usage, $"Make it the owner's alone, and the token another one if others may have seen it: chmod 600 {path}");
    }

    /// <exception cref="CliException">It cannot be read, or holds no token.</exception>
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
