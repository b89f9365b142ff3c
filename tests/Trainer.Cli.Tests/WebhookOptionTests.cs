using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>What is refused of --webhook before anything is started.</summary>
public sealed class WebhookOptionTests : IDisposable
{
    private const string Address = "http://127.0.0.1:9/hook";

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("coordinator")]
    [InlineData("up")]
    public async Task Half_of_it_and_what_is_no_secret_are_refused(string command)
    {
        var file = _home["secret"];
        File.WriteAllText(file, "hunter2");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);

        Assert.Equal(
            (2, "--webhook and --webhook-secret-file belong together: receivers know by the signature who sends.\n"), await RunAsync(command, "--webhook", Address));
        Assert.Equal(
            (2, $"{file}: expected whsec_ and 24 to 64 bytes in base64, got something else.\nMake one with: (umask 077; echo whsec_$(openssl rand -base64 32) > {file})\n"),
            await RunAsync(command, "--webhook", Address, "--webhook-secret-file", file));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.StartsWith(
            $"{file}: every user of this machine can read or change this webhook secret (mode 404).\nMake it the owner's alone, and the webhook secret another one if",
            (await RunAsync(command, "--webhook", Address, "--webhook-secret-file", file)).Errors);
        Assert.StartsWith("The webhook secret cannot be read: ", (await RunAsync(command, "--webhook", Address, "--webhook-secret-file", _home["none"])).Errors);
        Assert.False(Directory.Exists(_home["store"]));
    }

    [Theory]
    [InlineData("ftp://example.com")]
    [InlineData("https://ann:hunter2@example.com/hook")]
    [InlineData("example.com/hook")]
    public async Task What_is_no_address_is_refused(string address)
    {
        var (code, errors) = await RunAsync("coordinator", "--webhook", address);
        Assert.Equal(2, code);
        Assert.StartsWith("Expected an address like http://HOST:PORT/PATH or https://HOST/PATH, without a user, got '", errors);
    }

    private async Task<(int ExitCode, string Errors)> RunAsync(params string[] arguments)
    {
        var run = await CommandRun.InAsync(_home.Path, [.. arguments, "--artifacts", _home["jobs"], "--store", _home["store"], .. arguments[0] == "coordinator" ? ["--insecure"] : Array.Empty<string>()]);
        return (run.ExitCode, run.Errors);
    }
}
