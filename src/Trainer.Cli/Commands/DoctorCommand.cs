using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Doctor;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Home;
using Trainer.Cli.Output;

namespace Trainer.Cli.Commands;

/// <summary>trainer doctor</summary>
internal static class DoctorCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var command = new TrainerCommand(
            "doctor", "Looks at what is installed, reachable and usable, and says what to do about what is not. Exit code 1 if something needed is missing.")
        {
            Examples = ["trainer doctor", "trainer doctor --endpoint https://trainer.example.com --token-file ~/.trainer-token"],
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var address = connection.Read(parsed, shell);
            var folders = LocalFolders.Of(shell.Environment) with { Run = address.RunFolder };
            Check[] checks = [.. MachineChecks.All(folders, shell.Environment), .. await ClusterChecks.AllAsync(address, stop)];
            Printer.Of(parsed, shell).Print(() => ToJson(checks), () => ToText(checks, shell.Width));
            return checks.Any(check => check.Verdict == Verdict.Missing) ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    /// <param name="width">In columns; null: no limit.</param>
    internal static string ToText(IReadOnlyList<Check> checks, int? width)
    {
        var subjects = checks.Max(check => check.Subject.Length);
        var indent = new string(' ', subjects + 11);
        var room = (width ?? int.MaxValue) - indent.Length;
        var lines = checks.SelectMany(check =>
        {
            var finding = Paragraph.Fill(check.Finding, room);
            var advice = check.Advice?.Split('\n').SelectMany(line => Paragraph.Fill(line, room - 3)).Select((line, number) => (number == 0 ? "-> " : "   ") + line) ?? [];
            return finding.Skip(1).Concat(advice).Select(line => indent + line).Prepend($"{Mark(check.Verdict),-8} {check.Subject.PadRight(subjects)}  {finding[0]}");
        });
        return string.Join(Environment.NewLine, lines);
    }

    private static string Mark(Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.Optional => "-",
        Verdict.Warning => "warning",
        _ => "MISSING",
    };

    private static JsonObject ToJson(Check[] checks) => new()
    {
        ["ok"] = checks.All(check => check.Verdict != Verdict.Missing),
        ["checks"] = new JsonArray([.. checks.Select(check => new JsonObject
        {
            ["subject"] = check.Subject,
            ["verdict"] = check.Verdict.ToString().ToLowerInvariant(),
            ["finding"] = check.Finding,
            ["advice"] = check.Advice,
        })]),
    };
}
