using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Hosting.Certificates;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Commands;

/// <summary>trainer certs create: the certificates of a cluster's processes.</summary>
internal static class CertsCommand
{
    /// <summary>An authority lives so much longer than what it issues.</summary>
    private const int AuthorityLives = 10;

    public static Command Create(Shell shell) => new TrainerCommand("certs", "Makes the certificates of a cluster's processes.") { Subcommands = { CreateCreate(shell) } };

    private static TrainerCommand CreateCreate(Shell shell)
    {
        var to = new Option<string>("--to") { Description = "Where they go; made for this user alone.", HelpName = "FOLDER", Required = true };
        var hosts = new Option<string[]>("--host")
        {
            Description = "A name or address by which clients reach processes; repeat it for several, *. stands for any one label. Loopback is always among them.",
            HelpName = "HOST",
            DefaultValueFactory = _ => [],
        };
        hosts.Validators.Add(given =>
        {
            foreach (var token in given.Tokens.Where(token => !IsHost(token.Value)))
            {
                given.AddError($"--host: expected a name or an address, without a port, got '{token.Value}'.");
            }
        });
        var days = new Option<int>("--days") { Description = "How long they are valid; a new authority ten times as long.", HelpName = "N", DefaultValueFactory = _ => 365 };
        days.Validators.Add(Numbers.Between(1, 3650));
        var from = new Option<string?>("--from") { Description = "A folder of before, whose authority (ca.pem, ca.key) issues these too. Default: a new authority.", HelpName = "FOLDER" };
        var force = new Option<bool>("--force") { Description = "Replace what is there." };
        var command = new TrainerCommand("create", "Makes an authority, and of it a certificate for coordinators and one for nodes.")
        {
            Examples =
            [
                "trainer certs create --to certs --host trainer.example.com --host 10.0.0.7",
                "trainer certs create --to certs --from certs --force",
            ],
            Options = { to, hosts, days, from, force },
        };
        command.SetAction(parsed =>
        {
            var (folder, lifetime) = (Path.GetFullPath(parsed.GetValue(to)!), TimeSpan.FromDays(parsed.GetValue(days)));
            var names = CertificateFolder.Files.Select(name => Path.Combine(folder, name)).ToList();
            if (names.Find(File.Exists) is { } there && !parsed.GetValue(force))
            {
                throw new CliException($"{there} is there already.", ExitCode.Usage, "Give another folder, or --force to replace what is there. With a new authority, processes know each other only once all have its certificates.");
            }

            PrivateFiles.CreateFolder(folder);
            var now = TimeProvider.System.GetUtcNow();
            using var authority = parsed.GetValue(from) is { } before ? CertificateFolder.ReadAuthority(Path.GetFullPath(before)) : CertificateAuthority.Create(now, lifetime * AuthorityLives);
            RequireValid(authority, parsed.GetValue(from), now);
            CertificateFolder.Write(folder, authority, [.. Loopback, .. parsed.GetValue(hosts)!], now, lifetime, withKey: true);
            Printer.Of(parsed, shell).Print(() => ToJson(folder, now + lifetime), () => ToText(folder, now + lifetime));
            return ExitCode.Ok;
        });
        return command;
    }

    private static void RequireValid(CertificateAuthority authority, string? from, DateTimeOffset now)
    {
        if (authority.NotAfter <= now)
        {
            throw new CliException(
                $"The authority in {from} expired on {authority.NotAfter.UtcDateTime:yyyy-MM-dd}: nobody would trust what it issues.",
                ExitCode.Usage,
                "Leave --from away for a new authority; how a cluster changes to it is in docs/security.md.");
        }
    }

    private static string[] Loopback => ["localhost", "127.0.0.1", "::1"];

    private static bool IsHost(string text) => Uri.CheckHostName(text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text) != UriHostNameType.Unknown;

    private static string ToText(string folder, DateTimeOffset until) => $"""
        {folder}, valid until {until:yyyy-MM-dd}:
          ca.pem                           whom all trust; clients too, with --ca
          ca.key                           makes more of them: keep it away from machines
          coordinator.pem coordinator.key  for coordinators
          node.pem node.key                for nodes
        """;

    private static JsonObject ToJson(string folder, DateTimeOffset until) => new()
    {
        ["folder"] = folder,
        ["not_after"] = until.ToUnixTimeSeconds(),
        ["files"] = new JsonArray([.. CertificateFolder.Files.Select(name => (JsonNode)name)]),
    };
}
