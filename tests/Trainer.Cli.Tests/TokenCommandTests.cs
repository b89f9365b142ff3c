using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Tests.Fakes;

namespace Trainer.Cli.Tests;

/// <summary>token create, list and revoke</summary>
public sealed class TokenCommandTests : ClusterCommandTests
{
    [Fact]
    public async Task A_secret_is_shown_once_or_goes_into_a_file_of_its_owners()
    {
        var shown = await RunAsync("token", "create", "--user", "ada", "--role", "operator");
        Assert.Equal(
            ("""
            Token 6ed2ujta4p
              user     ada
              role     operator
              expires  never
              secret   trainer_secret
            Nobody can see the secret again: put it into a file of your own, and name that with --token-file.

            """, 0), (shown.Output, shown.ExitCode));

        var file = Home["ada.token"];
        var written = await RunAsync("token", "create", "--user", "ada", "--role", "viewer", "--expires", "90d", "--to", file, "--output", "json");
        Assert.Equal((0, "trainer_secret\n"), (written.ExitCode, File.ReadAllText(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.StartsWith("{\"token\":{\"id\":\"6ed2ujta4p\",\"user\":\"ada\",\"role\":\"VIEWER\",", written.Output, StringComparison.Ordinal);
        Assert.EndsWith($",\"file\":\"{file}\"}}\n", written.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("trainer_secret", written.Output, StringComparison.Ordinal);
        Assert.InRange(Api.Tokens[^1].ExpireTime.ToDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromDays(89.9), TimeSpan.FromDays(90));

        var taken = await RunAsync("token", "create", "--user", "ada", "--role", "viewer", "--to", file);
        Assert.Equal((1, $"{file} is there already.\nName another file with --to.\n"), (taken.ExitCode, taken.Errors));
        Assert.Equal(2, Api.Tokens.Count);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_so_is_who_may_not()
    {
        var role = await RunAsync("token", "create", "--user", "ada", "--role", "root");
        Assert.Equal((2, "--role: expected viewer, operator, admin, got 'root'.\nSee: trainer token create --help\n"), (role.ExitCode, role.Errors));
        var expires = await RunAsync("token", "create", "--user", "ada", "--role", "admin", "--expires", "soon");
        Assert.Equal((2, "--expires: expected a number with d, h or m behind it, got 'soon'.\nSee: trainer token create --help\n"), (expires.ExitCode, expires.Errors));
        var denied = await RunAsync("token", "create", "--user", "nobody", "--role", "admin");
        Assert.Equal((1, "TokenService.CreateToken needs the role admin.\n"), (denied.ExitCode, denied.Errors));
    }

    [Fact]
    public async Task Revoking_asks_or_wants_yes()
    {
        Assert.Equal("There are no tokens but the cluster's own. Make one with: trainer token create\n", (await RunAsync("token", "list")).Output);
        await RunAsync("token", "create", "--user", "ada", "--role", "operator");
        var list = (await RunAsync("token", "list")).Output;
        Assert.StartsWith("ID          USER  ROLE      KIND   EXPIRES  MADE", list, StringComparison.Ordinal);
        Assert.Contains("6ed2ujta4p  ada   operator  token  never", list, StringComparison.Ordinal);

        var asked = await RunAsync("token", "revoke", "6ed2ujta4p");
        Assert.Equal((2, "Token 6ed2ujta4p is to be revoked. This cannot be undone.\nSay --yes to do it.\n"), (asked.ExitCode, asked.Errors));
        var done = await RunAsync("token", "revoke", "6ed2ujta4p", "--yes", "--output", "json");
        Assert.Equal((0, "{\"id\":\"6ed2ujta4p\",\"revoked\":true}\n"), (done.ExitCode, done.Output));
        var missing = await RunAsync("token", "revoke", "6ed2ujta4p", "--yes");
        Assert.Equal((1, "There is no token 6ed2ujta4p.\n"), (missing.ExitCode, missing.Errors));
    }

    [Fact]
    public void A_process_takes_no_token_that_everybody_can_read()
    {
        var file = Home["token"];
        File.WriteAllText(file, "secret\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal("secret", TokenFile.ReadOwn(file));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var refused = Assert.Throws<CliException>(() => TokenFile.ReadOwn(file));
        Assert.Equal(
            ($"{file}: every user of this machine can read or change this token (mode 404).", $"Make it the owner's alone, and the token another one if others may have seen it: chmod 600 {file}", ExitCode.Usage),
            (refused.Message, refused.Remedy, refused.ExitCode));
    }
}
