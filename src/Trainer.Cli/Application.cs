using System.CommandLine;
using System.CommandLine.Help;
using Trainer.Cli.Commands;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Kernels.Devices;

namespace Trainer.Cli;

/// <summary>The composition root: from words on a command line to options, hosts and calls, and from errors to text and exit codes.</summary>
internal static class Application
{
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Shell shell, CancellationToken stop)
    {
        var parsed = Create(shell).Parse(arguments);
        var errors = new ErrorWriter(shell.Error, OutputOption.IsJson(parsed), shell.ErrorWidth);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            return errors.Write(UsageError.Of(parsed));
        }

        try
        {
            return await parsed.InvokeAsync(Invocation(shell), stop);
        }
        catch (CliException wrong)
        {
            return errors.Write(wrong);
        }
        catch (DeviceException wrong)
        {
            return errors.Write(new CliException(wrong.Message, remedy: "What is there, and why it can or cannot be used: trainer devices"));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            return errors.Write(new CliException(wrong.Message)); // run folders, data files, disks: their messages name file and expectation
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            return errors.Write(new CliException($"This is a bug in trainer, please report it: {bug}"));
        }
    }

    /// <summary>Exceptions and signals are ours to handle.</summary>
    private static InvocationConfiguration Invocation(Shell shell) => new()
    {
        Output = shell.Out,
        Error = shell.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };

    internal static RootCommand Create(Shell shell)
    {
        var root = new RootCommand("Trains convolutional networks on a cluster of CPU and GPU workers.")
        {
            OutputOption.Instance,
            UpCommand.Create(shell),
            DownCommand.Create(shell),
            InitCommand.Create(shell),
            SubmitCommand.Create(shell),
            ForkCommand.Create(shell),
            JobsCommand.Create(shell),
            GetCommand.Create(shell),
            TopCommand.Create(shell),
            WatchCommand.Create(shell),
            LogsCommand.Create(shell),
            JournalCommand.Create(shell),
            SuspendCommand.Create(shell),
            ResumeCommand.Create(shell),
            ScaleCommand.Create(shell),
            UpdateCommand.Create(shell),
            VerifyCommand.Create(shell),
            CheckpointsCommand.Create(shell),
            MetricsCommand.Create(shell),
            PlotCommand.Create(shell),
            ReportCommand.Create(shell),
            CheckpointCommand.Create(shell),
            DownloadCommand.Create(shell),
            CancelCommand.Create(shell),
            DeleteCommand.Create(shell),
            QueueCommand.Create(shell),
            WorkersCommand.Create(shell),
            WorkerCommand.Create(shell),
            ClusterCommand.Create(shell),
            DashboardCommand.Create(shell),
            TokenCommand.Create(shell),
            EvaluateCommand.Create(shell),
            PredictCommand.Create(shell),
            ExportCommand.Create(shell),
            ModelsCommand.Create(shell),
            ModelCommand.Create(shell),
            FilterCommand.Create(shell),
            DataCommand.Create(shell),
            DevicesCommand.Create(shell),
            DoctorCommand.Create(shell),
            BackupCommand.Create(shell),
            SupportCommand.Create(shell),
            PruneCommand.Create(shell),
            SchemaCommand.Create(shell),
            ContextCommand.Create(shell),
            CertsCommand.Create(shell),
            CompletionCommand.Create(shell),
            CoordinatorCommand.Create(shell),
            NodeCommand.Create(shell),
            InspectionCommand.Create(shell),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        var action = new HelpWithExamples((HelpAction)help.Action!, shell.Width);
        help.Action = action;
        root.SetAction(action.Invoke);
        return root;
    }
}
