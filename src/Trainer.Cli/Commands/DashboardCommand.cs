using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Local;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer dashboard</summary>
internal static class DashboardCommand
{
    private static CliException NoAddress => new(
        "Where the dashboard is cannot be told from the API's address: in clear, pages have a port of their own.",
        ExitCode.Usage,
        "Say it with --url http://HOST:PORT (the coordinator's --http-port).");

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var url = new Option<Uri?>("--url")
        {
            Description = "Where the browser finds the coordinator, if not where this command does: a proxy, a forwarded port, the --http-port of one that speaks in clear.",
            HelpName = "http://HOST:PORT",
            CustomParser = HttpAddress.Parse,
        };
        var noOpen = new Option<bool>("--no-open") { Description = "Only print the link. It is opened where there is a terminal, and a display with a browser." };
        var command = new TrainerCommand("dashboard", "Shows the cluster in a browser: prints a link that signs it in, and opens it.")
        {
            Examples = ["trainer dashboard", "trainer dashboard --no-open", "trainer dashboard --url http://localhost:8080"],
            Options = { url, noOpen },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var address = connection.Read(parsed, shell);
            using var client = await ClusterClient.OpenAsync(address, stop);
            var pages = parsed.GetValue(url) ?? address.PagesOf(client.Endpoint) ?? throw NoAddress;
            var made = await client.CallAsync((cluster, options) => cluster.Sessions.CreateSignInCodeAsync(new CreateSignInCodeRequest(), options), stop);
            var link = $"{pages.GetLeftPart(UriPartial.Authority)}/#/sign-in/{made.Code}";
            var isOpened = shell.Width is not null && !parsed.GetValue(noOpen) && Browser.Open(link, LocalFolders.Of(shell.Environment).SignIn, shell.Environment);
            var what = isOpened ? "The browser has been told to open it." : "Open it in a browser.";
            Printer.Of(parsed, shell).Print(
                () => new JsonObject { ["url"] = link, ["expire_time"] = ProtoJson.ToJson(made)["expire_time"]!.DeepClone() },
                () => $"{link}{Environment.NewLine}{Paragraph.Wrap($"{what} It signs one browser in, once, within 5 minutes.", shell.Width)}");
            return ExitCode.Ok;
        });
        return command;
    }
}
