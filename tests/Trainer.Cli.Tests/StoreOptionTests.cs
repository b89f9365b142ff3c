using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>Where a coordinator's store is, and what is refused before anything is opened.</summary>
public sealed class StoreOptionTests : IDisposable
{
    private const string Forms = "FOLDER, sqlite:FOLDER or postgres://USER@HOST:PORT/DATABASE";

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("mysql://ann@db/jobs", $"--store: expected {Forms}, got something that begins with mysql://.\n")]
    [InlineData("postgres://ann@db/jobs?ssl=on", "--store: postgres:// has no parameter 'ssl' here; there are host, port, user, password, dbname, passfile, sslmode, sslrootcert, sslcert, sslkey, sslpassword.\n")]
    [InlineData("postgres://ann@db:port/jobs", $"--store: expected {Forms}, got a postgres:// address that cannot be read; write special characters of names and passwords as %XX.\n")]
    [InlineData("postgres://ann:hunter2@db/jobs", "--store has a password in it, which every user of this machine can read there.\nGive the address in TRAINER_STORE instead.\n")]
    public async Task What_is_no_address_or_shows_a_password_is_refused(string given, string error)
    {
        var run = await RunAsync([], "--store", given);
        Assert.Equal((2, error), (run.ExitCode, run.Errors));
        Assert.DoesNotContain("hunter2", run.Errors);
    }

    [Fact]
    public async Task The_variable_takes_the_place_of_the_option_and_may_have_a_password()
    {
        var wrong = await RunAsync(new() { ["TRAINER_STORE"] = "mysql://ann:hunter2@db/jobs" });
        var several = await RunAsync(new() { ["TRAINER_STORE"] = $"sqlite:{_home["store"]}" }, "--seed", "a:1", "--seed", "b:1");

        Assert.Equal((2, $"TRAINER_STORE: expected {Forms}, got something that begins with mysql://.\n"), (wrong.ExitCode, wrong.Errors));
        Assert.Equal(2, several.ExitCode);
        Assert.False(Directory.Exists(_home["store"]));
    }

    private Task<CommandRun> RunAsync(Dictionary<string, string> environment, params string[] more) =>
        CommandRun.InAsync(_home.Path, environment, ["coordinator", "--artifacts", _home["jobs"], "--insecure", .. more]);
}
