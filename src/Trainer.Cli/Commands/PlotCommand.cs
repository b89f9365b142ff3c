using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.Output;
using Trainer.Cli.Plots;
using Trainer.Kernels.Data.Pictures;

namespace Trainer.Cli.Commands;

/// <summary>trainer plot ID... --to FILE</summary>
internal static class PlotCommand
{
    private const int MostJobs = 20;

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var ids = new Argument<string[]>("ID") { Description = $"Jobs, 1 to {MostJobs}, over each other.", Arity = ArgumentArity.OneOrMore };
        var to = new Option<string>("--to") { Description = "The file to write, as SVG or PNG: as its name ends.", HelpName = "FILE", Required = true };
        var metric = new Option<string[]>("--metric", "-m")
        {
            Description = $"What to draw: {string.Join(", ", JobCurves.Metrics)}. Several: once for each, which then has a panel of its own. Default: loss.",
            HelpName = "NAME",
            DefaultValueFactory = _ => ["loss"],
        };
        var log = new Option<bool>("--log") { Description = "A logarithmic axis; what is not above 0 is left out." };
        var smoothing = new Option<double>("--smoothing")
        {
            Description = "Weight of what was before in the moving average, 0 to 0.99, as in the dashboard; the curve itself stays behind it, faint.",
            HelpName = "WEIGHT",
            DefaultValueFactory = _ => 0,
        };
        var force = new Option<bool>("--force") { Description = "Replace a file that is there." };
        metric.AcceptOnlyFromAmong([.. JobCurves.Metrics]);
        ids.Validators.Add(Fits);
        to.Validators.Add(HasKnownEnd);
        smoothing.Validators.Add(IsWeight);
        var command = new TrainerCommand("plot", "Draws curves of jobs over each other into a picture.")
        {
            Examples =
            [
                "trainer plot 6ed2ujta4p --to loss.svg",
                "trainer plot 6ed2ujta4p mc4w8zk0rd --metric loss --metric test_accuracy --smoothing 0.9 --to both.png",
                "trainer plot 6ed2ujta4p --metric learning_rate --log --to rate.svg --force",
            ],
            Arguments = { ids },
            Options = { to, metric, log, smoothing, force },
        };
        connection.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            var (file, logarithmic) = (Path.GetFullPath(parsed.GetValue(to)!), parsed.GetValue(log));
            NewFile.RequirePlace(file, parsed.GetValue(force), "give another file with --to");
            using var client = await ClusterClient.OpenAsync(connection.Read(parsed, shell), stop);
            var metrics = parsed.GetValue(metric)!.Distinct().ToList();
            var (jobs, panels) = await JobCurves.ReadAsync(client, [.. parsed.GetValue(ids)!.Distinct()], metrics, logarithmic, stop);
            if (panels.Count == 0)
            {
                throw new CliException($"There are no points of {Words.Or(metrics)} on record{(logarithmic ? " above 0" : "")}.", remedy: "Curves begin with a job's first step, or its first evaluation. See: trainer metrics ID");
            }

            var drawing = new CurvePlot(jobs, panels, logarithmic, parsed.GetValue(smoothing)).Draw();
            NewFile.Write(file, stream => Write(stream, drawing, asSvg: Path.GetExtension(file) == ".svg"));
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["file"] = file, ["bytes"] = new FileInfo(file).Length, ["metrics"] = new JsonArray([.. panels.Select(panel => JsonValue.Create(panel.Title.Replace(' ', '_')))]) },
                () => $"{file} ({Words.Bytes(new FileInfo(file).Length)})");
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(Stream stream, Drawing drawing, bool asSvg)
    {
        if (asSvg)
        {
            SvgFile.Write(stream, drawing);
        }
        else
        {
            PngFile.Write(stream, Pixels.Of(drawing));
        }
    }

    private static void Fits(ArgumentResult given)
    {
        if (given.Tokens.Select(token => token.Value).Distinct().Count() is > MostJobs and var count)
        {
            given.AddError($"ID: expected 1 to {MostJobs} jobs, got {count}. More curves cannot be told apart.");
        }
    }

    private static void HasKnownEnd(OptionResult given)
    {
        if (given.Tokens is [var file] && Path.GetExtension(file.Value) is not (".svg" or ".png"))
        {
            given.AddError($"--to: expected a name that ends in .svg or .png, got '{file.Value}'.");
        }
    }

    private static void IsWeight(OptionResult given)
    {
        if (given.Tokens is [var token] && !(double.TryParse(token.Value, CultureInfo.InvariantCulture, out var weight) && weight is >= 0 and <= 0.99))
        {
            given.AddError($"--smoothing: expected 0 to 0.99, got '{token.Value}'.");
        }
    }
}
