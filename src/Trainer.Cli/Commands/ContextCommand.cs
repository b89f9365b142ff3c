using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Options;
using Trainer.Cli.Output;

namespace Trainer.Cli.Commands;

/// <summary>trainer context add|use|list|remove: names for clusters.</summary>
internal static class ContextCommand
{
    public static Command Create(Shell shell) => new TrainerCommand("context", "Gives clusters names, and says which one commands are about.")
    {
        Subcommands = { CreateAdd(shell), CreateUse(shell), CreateList(shell), CreateRemove(shell) },
    };

    private static TrainerCommand CreateAdd(Shell shell)
    {
        var name = Name("A name for the cluster; one that is there already is replaced.");
        var endpoint = new Option<IReadOnlyList<Uri>>("--endpoint")
        {
            Description = "The job API of the cluster; of several coordinators all, with commas between them.",
            HelpName = "http://HOST:PORT,...",
            Required = true,
            CustomParser = HttpAddress.ParseSeveral,
        };
        var tokenFile = new Option<string?>("--token-file") { Description = "The file with the token that it wants.", HelpName = "FILE" };
        var authority = new Option<string?>("--ca") { Description = "The file (PEM) with the authority of its certificates, where the system does not know it.", HelpName = "FILE" };
        var command = new TrainerCommand("add", "Gives a cluster a name.")
        {
            Examples =
            [
                "trainer context add lab --endpoint https://trainer.example.com --token-file ~/.trainer-token",
                "trainer context add lab --endpoint https://10.0.0.7:5000 --token-file ~/.trainer-token --ca ~/.trainer-ca.pem",
            ],
            Arguments = { name },
            Options = { endpoint, tokenFile, authority },
        };
        command.SetAction(parsed =>
        {
            var context = new ClusterContext(
                string.Join(',', parsed.GetValue(endpoint)!.Select(address => address.OriginalString)),
                parsed.GetValue(tokenFile) is { } file ? Path.GetFullPath(file) : null,
                parsed.GetValue(authority) is { } ca ? Path.GetFullPath(ca) : null);
            Change(shell, contexts => contexts.With(NotLocal(parsed.GetValue(name)!), context));
            Printer.Of(parsed, shell).Say(
                () => ToJson(parsed.GetValue(name)!, context, isCurrent: Read(shell).Current == parsed.GetValue(name)),
                () => $"Added. Use it with: trainer context use {parsed.GetValue(name)}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateUse(Shell shell)
    {
        var name = Name($"A context; {Contexts.Local}: the cluster of this machine.");
        var command = new TrainerCommand("use", "Says which cluster commands are about from now on.")
        {
            Examples = ["trainer context use lab", $"trainer context use {Contexts.Local}"],
            Arguments = { name },
        };
        command.SetAction(parsed =>
        {
            var chosen = parsed.GetValue(name)!;
            if (chosen != Contexts.Local)
            {
                Known(Read(shell), chosen);
            }

            Change(shell, contexts => contexts with { Current = chosen == Contexts.Local ? null : chosen });
            Printer.Of(parsed, shell).Say(() => new JsonObject { ["current"] = chosen }, () => $"Commands are now about {chosen}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateList(Shell shell)
    {
        var command = new TrainerCommand("list", "Lists the clusters that have names.") { Examples = ["trainer context list"] };
        command.SetAction(parsed =>
        {
            Printer.Of(parsed, shell).Print(() => ToJson(Read(shell)), () => Table(Read(shell), shell));
            return ExitCode.Ok;
        });
        return command;
    }

    private static TrainerCommand CreateRemove(Shell shell)
    {
        var name = Name("The context to forget. The cluster itself is left alone.");
        var command = new TrainerCommand("remove", "Forgets the name of a cluster.") { Examples = ["trainer context remove lab"], Arguments = { name } };
        command.SetAction(parsed =>
        {
            var removed = parsed.GetValue(name)!;
            Known(Read(shell), removed);
            Change(shell, contexts => contexts.Without(removed));
            Printer.Of(parsed, shell).Say(() => new JsonObject { ["removed"] = removed }, () => $"Removed {removed}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Argument<string> Name(string description) => new("NAME") { Description = description };

    private static Contexts Read(Shell shell) => ContextFile.Read(LocalFolders.Of(shell.Environment).Contexts);

    private static void Change(Shell shell, Func<Contexts, Contexts> change) =>
        ContextFile.Write(LocalFolders.Of(shell.Environment).Contexts, change(Read(shell)));

    private static string NotLocal(string name) => name != Contexts.Local
        ? name
        : throw new CliException($"The name {Contexts.Local} stands for the cluster of this machine; take another.", ExitCode.Usage);

    private static void Known(Contexts contexts, string name)
    {
        if (contexts.Named.ContainsKey(name))
        {
            return;
        }

        var others = contexts.Named.Keys.Append(Contexts.Local).Order(StringComparer.Ordinal);
        throw new CliException($"There is no context '{name}'.", ExitCode.Usage, $"There are: {string.Join(", ", others)}.");
    }

    private static string Table(Contexts contexts, Shell shell)
    {
        var table = new TextTable("NAME", "ENDPOINT", new("TOKEN FILE", Rank: 1), "IN USE");
        table.Row(Contexts.Local, "this machine's", "", contexts.Chosen is null ? "yes" : "");
        foreach (var (name, context) in contexts.Named.OrderBy(context => context.Key, StringComparer.Ordinal))
        {
            table.Row(name, context.Endpoint, context.TokenFile ?? "", contexts.Current == name ? "yes" : "");
        }

        return table.Render(shell.Width);
    }

    private static JsonObject ToJson(Contexts contexts) => new()
    {
        ["current"] = contexts.Current ?? Contexts.Local,
        ["contexts"] = new JsonArray([.. contexts.Named.Select(context => ToJson(context.Key, context.Value, contexts.Current == context.Key))]),
    };

    private static JsonObject ToJson(string name, ClusterContext context, bool isCurrent) => new()
    {
        ["name"] = name,
        ["endpoint"] = context.Endpoint,
        ["token_file"] = context.TokenFile,
        ["ca"] = context.Ca,
        ["current"] = isCurrent,
    };
}
