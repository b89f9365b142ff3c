using System.CommandLine;
using System.Globalization;
using Trainer.Cli.Api;
using Trainer.Cli.Errors;
using Trainer.Cli.Follow;
using Trainer.Cli.Help;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Hosting.Steps;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer metrics ID [NAME...] [--csv]</summary>
internal static class MetricsCommand
{
    private const int CurveWidth = 32;

    public static Command Create(Shell shell)
    {
        var connection = new ConnectionOptions();
        var id = JobId.Argument();
        var names = new Argument<string[]>("NAME")
        {
            Description = $"Numbers to show: {string.Join(", ", StepMetric.All.Select(metric => metric.Name))}. Default: all that the job has.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var csv = new Option<bool>("--csv") { Description = "All numbers of every step, as comma-separated values." };
        var follow = new Option<bool>("--follow", "-f") { Description = "With --csv: go on until the job has ended." };
        var points = new Option<uint>("--points") { Description = "At most so many points of each curve; of each stretch of steps the lowest and the highest stay.", HelpName = "COUNT", DefaultValueFactory = _ => 1000 };
        var command = new TrainerCommand("metrics", "Shows what the steps of a job came to, as curves or as comma-separated values.")
        {
            Examples = ["trainer metrics 6ed2ujta4p", "trainer metrics 6ed2ujta4p --csv --follow", "trainer metrics 6ed2ujta4p loss --output json --points 200"],
            Arguments = { id, names },
            Options = { csv, follow, points },
        };
        connection.AddTo(command);
        points.Validators.Add(Numbers.Between(2, 10_000));
        command.Validators.Add(given =>
        {
            if (given.GetValue(csv) && (given.GetValue(OutputOption.Instance) == "json" || given.GetValue(names) is { Length: > 0 }))
            {
                given.AddError("--csv gives all numbers of every step: leave out names and --output json.");
            }
            else if (given.GetValue(follow) && !given.GetValue(csv))
            {
                given.AddError("--follow needs --csv: curves are of what is on record now.");
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            var (printer, address, job) = (Printer.Of(parsed, shell), connection.Read(parsed, shell), parsed.GetValue(id)!);
            if (parsed.GetValue(csv))
            {
                await PrintStepsAsync(printer, address, new StreamMetricsRequest { Id = job, Follow = parsed.GetValue(follow) }, stop);
                return ExitCode.Ok;
            }

            await PrintCurvesAsync(printer, address, new QueryMetricsRequest { Id = job, Metrics = { parsed.GetValue(names)! }, MaxPoints = parsed.GetValue(points) }, stop);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task PrintStepsAsync(Printer printer, ClusterAddress address, StreamMetricsRequest request, CancellationToken stop)
    {
        var steps = new ReconnectingStream<StepMetrics>(address, (client, options) => client.Jobs.StreamMetrics(request, options), complete: () => true, TimeSpan.FromMinutes(1));
        printer.Shell.Out.WriteLine(StepLines.Head);
        await foreach (var (step, notice) in steps.ReadAsync(stop))
        {
            if (notice is not null)
            {
                printer.Warn(notice);
            }

            if (step is not null)
            {
                printer.Shell.Out.WriteLine(StepLines.Of(StepRecord.Of(step)));
                request.AfterStep = step.Step;
            }
        }
    }

    private static async Task PrintCurvesAsync(Printer printer, ClusterAddress address, QueryMetricsRequest request, CancellationToken stop)
    {
        using var client = await ClusterClient.OpenAsync(address, stop);
        var curves = (await client.CallAsync((cluster, options) => cluster.Jobs.QueryMetricsAsync(request, options), stop)).Series;
        if (!printer.Json)
        {
            printer.Shell.Out.WriteLine(curves.Count > 0 ? Table(curves, printer.Width) : "No step of this job is on record.");
            return;
        }

        foreach (var curve in curves)
        {
            printer.Shell.Out.WriteLine(ProtoJson.Line(ProtoJson.ToJson(curve)));
        }
    }

    private static string Table(IReadOnlyList<MetricSeries> curves, int? width)
    {
        var table = new TextTable("METRIC", "CURVE", new Column("FIRST", Rank: 2), "LAST", new Column("LOWEST", Rank: 1), new Column("HIGHEST", Rank: 1));
        foreach (var curve in curves)
        {
            var values = curve.Points.Select(point => point.Value).ToList();
            table.Row(curve.Metric, Sparkline.Of(values, CurveWidth), Number(values[0]), Number(values[^1]), Number(values.Min()), Number(values.Max()));
        }

        var last = curves.Max(curve => curve.Points[^1].Step);
        return $"{table.Render(width)}{Environment.NewLine}{Environment.NewLine}Up to step {last}. All of it: --csv";
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "#,0" : "G4", CultureInfo.InvariantCulture);
}
