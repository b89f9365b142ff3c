using System.CommandLine;
using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.Help;
using Trainer.Cli.JobFiles;
using Trainer.Cli.Options;
using Trainer.Cli.Output;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;

namespace Trainer.Cli.Commands;

/// <summary>trainer data preview JOBFILE</summary>
internal static class DataPreviewCommand
{
    private const int Columns = 8;

    public static Command Create(Shell shell)
    {
        var file = new Argument<string>("JOBFILE") { Description = "A job file." };
        var to = new Option<string>("--to") { Description = "The PNG to write.", HelpName = "FILE", DefaultValueFactory = _ => "preview.png" };
        var samples = new Option<int>("--samples") { Description = "How many training images.", HelpName = "N", DefaultValueFactory = _ => 32 };
        samples.Validators.Add(Numbers.AtLeast(1));
        var epoch = new Option<int>("--epoch") { Description = "As they are in this epoch.", HelpName = "N", DefaultValueFactory = _ => 1 };
        epoch.Validators.Add(Numbers.AtLeast(1));
        var command = new TrainerCommand("preview", "Shows the first images of an epoch as a job's transforms make them: those that the job trains on, before they become floats.")
        {
            Examples = ["trainer data preview my-job.yaml --to preview.png", "trainer data preview my-job.yaml --samples 64 --epoch 2"],
            Arguments = { file },
            Options = { to, samples, epoch },
        };
        command.SetAction(parsed =>
        {
            var (path, place) = (parsed.GetValue(file)!, Path.GetFullPath(parsed.GetValue(to)!));
            var spec = JobRules.WithDefaults(JobFileReader.Read(path));
            var shown = Show(spec, path, place, parsed.GetValue(samples), parsed.GetValue(epoch));
            Printer.Of(parsed, shell).Say(
                () => new JsonObject { ["sheet"] = place, ["samples"] = new JsonArray([.. shown.Select(name => JsonValue.Create(name))]) },
                () => $"{place} shows {Words.Plural(shown.Count, "image")}, {Columns} in a row:{Environment.NewLine}{string.Join(Environment.NewLine, shown)}");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <returns>The images' names and classes.</returns>
    private static List<string> Show(JobSpec spec, string path, string place, int samples, int epoch)
    {
        var train = Train(spec, path);
        var order = new int[train.Count];
        train.FillEpoch(order, spec.Training.Seed, epoch, spec.Data.Shuffle);
        var (reader, pictures) = (train.OpenReader(spec.Training.Seed), new List<Picture>());
        for (var i = 0; i < Math.Min(samples, order.Length); i++)
        {
            var picture = new Picture();
            reader.ReadPicture(order[i], epoch, position: i).CopyTo(picture);
            pictures.Add(picture);
        }

        PictureSheet.Write(place, pictures, Columns);
        return [.. order.Take(samples).Select(sample => $"{train.NameOf(sample)} ({ClassOf(train, sample)})")];
    }

    private static DataSet Train(JobSpec spec, string path)
    {
        try
        {
            return DataSection.Describe(JobFile.SectionJson(spec.Data)).Train.Load();
        }
        catch (ModelException wrong)
        {
            throw new CliException($"{path}: this data cannot be read.", ExitCode.Usage, inner: wrong) { Violations = [new Violation(wrong.Path, wrong.Problem)] };
        }
    }

    private static string ClassOf(DataSet data, int sample)
    {
        var names = data.LabelsOf(sample).Select(label => label >= 0 && label < data.ClassNames.Count ? data.ClassNames[label] : $"class {label}").ToList();
        return names.Count > 0 ? string.Join(", ", names) : "no class";
    }
}
