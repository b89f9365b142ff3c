using Trainer.Cli.Errors;
using Trainer.Cli.JobFiles;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Models;
using Trainer.Node.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Cli.Models;

/// <summary>Models as a command line names them: a network of the zoo, or the model of a job file.</summary>
internal static class ModelSource
{
    private const int ZooClasses = 10;

    /// <param name="nameOrFile">A file wins where both exist.</param>
    /// <param name="input">Per image; null: what the network was made for, or what the job's data gives.</param>
    /// <param name="classes">Null: 10, or what the job's model or data says.</param>
    /// <exception cref="CliException">No such network, a faulty file, or a model that does not fit its input.</exception>
    public static Model Open(string nameOrFile, Shape? input, int? classes)
    {
        if (File.Exists(nameOrFile))
        {
            return Build(JobRules.WithDefaults(JobFileReader.Read(nameOrFile)), nameOrFile, input, classes);
        }

        var entry = Zoo.Entries.FirstOrDefault(entry => entry.Name == nameOrFile)
            ?? throw new CliException(
                $"No network is called '{nameOrFile}', and there is no such file.", ExitCode.Usage, $"Networks: {string.Join(", ", Zoo.Names)}.");
        return Checked(nameOrFile, "", () => Zoo.Create(entry.Name, input ?? entry.Input, classes ?? ZooClasses));
    }

    /// <summary>The model of a job, for images as its data gives them.</summary>
    /// <param name="place">What to call the job in messages.</param>
    public static Model Build(JobSpec spec, string place, Shape? input = null, int? classes = null)
    {
        if (input is null || (classes is null && !spec.Model.HasClasses && spec.Model.Zoo.Length > 0))
        {
            var facts = Outline(spec);
            (input, classes) = (input ?? facts.Image, classes ?? facts.Classes);
        }
        return Checked(place, "model.", () => JobParameters.BuildModel(spec.Model, input.Value, classes ?? 0));
    }

    /// <summary>The images that a job's data gives; null where its files are not here.</summary>
    public static Shape? InputOf(JobSpec spec)
    {
        try
        {
            return Outline(spec).Image;
        }
        catch (DataFileException)
        {
            return null;
        }
    }

    private static (Shape Image, int Classes) Outline(JobSpec spec) => DataSection.Outline(JobFile.SectionJson(spec.Data), spec.Training.IgnoredLabel);

    private static Model Checked(string place, string section, Func<Model> build)
    {
        try
        {
            return build();
        }
        catch (ModelException wrong)
        {
            throw new CliException($"{place}: this model cannot be built.", ExitCode.Usage, inner: wrong)
            {
                Violations = [new Violation($"{section}{wrong.Path}", wrong.Problem)],
            };
        }
    }
}
