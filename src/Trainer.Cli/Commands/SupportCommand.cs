using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Cli.Support;
using Trainer.Hosting;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Commands;

/// <summary>trainer support ID [--to FILE]</summary>
internal static class SupportCommand
{
    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var to = new Option<string?>("--to") { Description = "The file to write. Default: trainer-support-ID.tar.gz here.", HelpName = "FILE" };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        var command = new TrainerCommand("support", "Collects what helps to find out what happened to a job into one archive: the job, its journal, log and metrics, the cluster's workers and versions, and of a cluster on this machine the processes' logs, metrics and threads. Secrets are left out.")
        {
            Examples = ["trainer support 6ed2ujta4p", "trainer support 6ed2ujta4p --to /tmp/broken.tar.gz --force"],
            Arguments = { id },
            Options = { to, force },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var job = parsed.GetValue(id)!;
            var file = Path.GetFullPath(parsed.GetValue(to) ?? $"trainer-support-{job}.tar.gz");
            NewFile.RequirePlace(file, parsed.GetValue(force), "give another file with --to");
            var texts = await WriteAsync(connection.Read(parsed, shell), shell, job, file, stop);
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["file"] = file, ["bytes"] = new FileInfo(file).Length, ["texts"] = texts },
                () => $"{file} ({Words.Bytes(new FileInfo(file).Length)}): {Words.Plural(texts, "text")}. notes.txt in it says what could not be had. Tokens and passwords are left out; see whether anything else in it is nobody's business before you send it.");
            return ExitCode.Ok;
        });
        return command;
    }

    // A file that is not whole does not stay.
    private static async Task<int> WriteAsync(ClusterAddress address, Shell shell, string job, string file, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        var draft = $"{file}.{Environment.ProcessId}.new";
        try
        {
            int texts;
            using (var archive = new SupportArchive(PrivateFiles.CreateNew(draft), $"trainer-support-{job}", new Secrets([(await address.ResolveAsync(stop)).Token, RunFolder.TryOpen(address.RunFolder)?.Token], shell.Environment)))
            {
                archive.Add("versions.txt", $"trainer {TrainerVersion.Current}\n{RuntimeInformation.FrameworkDescription}\n{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors\n");
                await JobReport.WriteAsync(client, job, archive, stop);
                await ProcessReport.WriteAsync(address.RunFolder, archive, stop);
                archive.Finish();
                texts = archive.Count;
            }

            File.Move(draft, file, overwrite: true);
            return texts;
        }
        catch (IOException unwritable)
        {
            throw new CliException($"{file} cannot be written: {unwritable.Message}", inner: unwritable);
        }
        finally
        {
            File.Delete(draft);
        }
    }
}
