using Trainer.Cli.Errors;

namespace Trainer.Cli.Api;

/// <summary>A file with a token of the job API, or another secret: one word, as a Kubernetes secret or a run folder holds it.</summary>
internal static class TokenFile
{
    private const string Token = "token";

    /// <summary>The token of a process of the cluster. Its group may read it, as a Kubernetes secret's does.</summary>
    /// <param name="what">What errors call it.</param>
    /// <exception cref="CliException">As <see cref="Read"/>; or everybody can read it.</exception>
    public static string ReadOwn(string path, string what = Token)
    {
        var token = Read(path, what);
        using var file = File.OpenHandle(path);
        var mode = File.GetUnixFileMode(file);
        return (mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) == UnixFileMode.None ? token : throw new CliException(
            $"{path}: every user of this machine can read or change this {what} (mode {Convert.ToString((int)mode, 8)}).", ExitCode.Usage, $"Make it the owner's alone, and the {what} another one if others may have seen it: chmod 600 {path}");
    }

    /// <param name="what">What errors call it.</param>
    /// <exception cref="CliException">It cannot be read, or holds no token.</exception>
    public static string Read(string path, string what = Token)
    {
        try
        {
            var token = File.ReadAllText(path).Trim();
            if (token.Length > 0 && !token.Any(char.IsWhiteSpace))
            {
                return token;
            }

            var got = token.Length == 0 ? "an empty file" : "several words";
            throw new CliException($"{path}: expected a {what} in one word, got {got}.", ExitCode.Usage);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"The {what} cannot be read: {unreadable.Message}", ExitCode.Usage, inner: unreadable);
        }
    }
}
