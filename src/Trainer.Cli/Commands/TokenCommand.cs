using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Hosting.Run;
using Trainer.Protos;
using Token = Trainer.Protos.Token;

namespace Trainer.Cli.Commands;

/// <summary>trainer token create|list|revoke</summary>
internal static class TokenCommand
{
    private static readonly Dictionary<string, Role> Roles = new(StringComparer.Ordinal) { ["viewer"] = Role.Viewer, ["operator"] = Role.Operator, ["admin"] = Role.Admin };

    public static Command Create(Shell shell) => new TrainerCommand("token", "Says who may use the cluster, and for what. For admins.")
    {
        Subcommands = { CreateCreate(shell), CreateList(shell), CreateRevoke(shell) },
    };

    private static TrainerCommand CreateCreate(Shell shell)
    {
        var connection = new ConnectionOptions();
        var user = new Option<string>("--user") { Description = "Whose it is: the creator of the jobs that it makes.", HelpName = "NAME", Required = true };
        var role = new Option<Role>("--role")
        {
            Description = "viewer sees everything; operator also makes jobs and changes his own; admin does everything.",
            HelpName = "viewer|operator|admin",
            Required = true,
            CustomParser = ReadRole,
        };
        var expires = DurationOption.Create("--expires", "When it ends, from now on. Default: never.");
        var to = new Option<string?>("--to") { Description = "Write the secret to this file, for its owner alone, instead of showing it.", HelpName = "FILE" };
        var command = new TrainerCommand("create", "Makes a token. Its secret is shown once, and kept nowhere.")
        {
            Examples = ["trainer token create --user ada --role operator --expires 90d", "trainer token create --user prometheus --role viewer --to scrape.token"],
            Options = { user, role, expires, to },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var file = parsed.GetValue(to);
            if (file is not null)
            {
                RequirePlace(file);
            }

            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var request = new CreateTokenRequest { User = parsed.GetValue(user)!, Role = parsed.GetValue(role), ExpireTime = End(parsed.GetValue(expires)) };
            var made = await client.CallAsync((cluster, options) => cluster.Tokens.CreateTokenAsync(request, options), stop);
            if (file is not null && !PrivateFiles.TryCreate(Path.GetFullPath(file), Encoding.ASCII.GetBytes(made.Secret + "\n")))
            {
                throw new CliException($"{file} is there by now, and the secret of token {made.Token.Id} is lost.", remedy: $"Revoke it (trainer token revoke {made.Token.Id}) and make another.");
            }

            Printer.Of(parsed, shell).Print(() => ToJson(made, file), () => ToText(made, file, shell.Width));
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateList(Shell shell)
    {
        var connection = new ConnectionOptions();
        var command = new TrainerCommand("list", "Lists the tokens that have not been revoked. Nobody can see their secrets.") { Examples = ["trainer token list"] };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var response = await client.CallAsync((cluster, options) => cluster.Tokens.ListTokensAsync(new ListTokensRequest(), options), stop);
            Printer.Of(parsed, shell).Print(
                () => new JsonObject { ["tokens"] = new JsonArray([.. response.Tokens.Select(ProtoJson.ToJson)]) },
                () => response.Tokens.Count > 0 ? Table(response.Tokens, shell.Width) : "There are no tokens but the cluster's own. Make one with: trainer token create");
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateRevoke(Shell shell)
    {
        var (connection, yes) = (new ConnectionOptions(), Confirmation.Option());
        var id = new Argument<string>("ID") { Description = "A token that 'trainer token list' lists." };
        var command = new TrainerCommand("revoke", "Ends a token: no coordinator takes it any more, and what follows a job with it ends.")
        {
            Examples = ["trainer token revoke 6ed2ujta4p", "trainer token revoke 6ed2ujta4p --yes"],
            Arguments = { id },
            Options = { yes },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var token = parsed.GetValue(id)!;
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            Confirmation.Require(parsed.GetValue(yes), shell, $"Token {token} is to be revoked.");
            await client.CallAsync((cluster, options) => cluster.Tokens.RevokeTokenAsync(new RevokeTokenRequest { Id = token }, options), stop);
            Printer.Of(parsed, shell).Say(() => new JsonObject { ["id"] = token, ["revoked"] = true }, () => $"Token {token} is revoked.");
            return ExitCode.Ok;
        });
        return command;
    }

    // A secret replaces nothing.
    private static void RequirePlace(string file)
    {
        if (Path.Exists(file))
        {
            throw new CliException($"{file} is there already.", remedy: "Name another file with --to.");
        }
    }

    private static Role ReadRole(ArgumentResult given)
    {
        if (!Roles.TryGetValue(given.Tokens[0].Value, out var role))
        {
            given.AddError($"--role: expected {string.Join(", ", Roles.Keys)}, got '{given.Tokens[0].Value}'.");
        }

        return role;
    }

    private static Timestamp? End(TimeSpan? after) => after is { } time ? (TimeProvider.System.GetUtcNow() + time).ToTimestamp() : null;

    private static JsonObject ToJson(CreateTokenResponse made, string? file)
    {
        var json = new JsonObject { ["token"] = ProtoJson.ToJson(made.Token) };
        var (name, value) = file is null ? ("secret", made.Secret) : ("file", Path.GetFullPath(file));
        json[name] = value;
        return json;
    }

    private static string ToText(CreateTokenResponse made, string? file, int? width)
    {
        var facts = new List<(string, string)>
        {
            ("user", made.Token.User),
            ("role", $"{made.Token.Role}".ToLowerInvariant()),
            ("expires", Time(made.Token.ExpireTime)),
            file is null ? ("secret", made.Secret) : ("file", Path.GetFullPath(file)),
        };
        var hint = file is null ? "Nobody can see the secret again: put it into a file of your own, and name that with --token-file." : "Use it with --token-file.";
        return $"Token {made.Token.Id}{Environment.NewLine}{Facts.Render(facts, width)}{Environment.NewLine}{Paragraph.Wrap(hint, width)}";
    }

    private static string Table(IEnumerable<Token> tokens, int? width)
    {
        var table = new TextTable("ID", "USER", "ROLE", "KIND", "EXPIRES", new("MADE", Rank: 2), new("BY", Rank: 1));
        foreach (var token in tokens)
        {
            table.Row(token.Id, token.User, $"{token.Role}".ToLowerInvariant(), token.Session ? "browser" : "token", Time(token.ExpireTime), Time(token.CreateTime), token.CreatedBy);
        }

        return table.Render(width);
    }

    private static string Time(Timestamp? time) => time is null ? "never" : time.ToDateTimeOffset().ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
