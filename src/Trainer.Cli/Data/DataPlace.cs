using System.Text.Json.Nodes;
using Trainer.Cli.Errors;
using Trainer.Cli.JobFiles;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;

namespace Trainer.Cli.Data;

/// <summary>A data set of one's own, as a path on the command line names it.</summary>
internal static class DataPlace
{
    public const string Description =
        "A folder of pictures (PATH/train/CLASS/... or PATH/CLASS/...), a folder of CIFAR's binary version, a table (.csv), a pack or a shard of WebDataset (.tar), images in Parquet (.parquet), or a job file (.yaml), whose section data may be of any kind.";

    /// <summary>The sets as they are, without transforms; the test set is null where there is none.</summary>
    /// <exception cref="DataFileException">It is not there, or is not what it should be.</exception>
    /// <exception cref="CliException">The job file is wrong, or names data that is not here.</exception>
    public static (DataSet Train, DataSet? Test) Open(string path)
    {
        try
        {
            return DataSection.DescribeUntransformed(SectionOf(Path.GetFullPath(path)));
        }
        catch (ModelException wrong)
        {
            throw new CliException($"{path}: this data cannot be read.", ExitCode.Usage, inner: wrong) { Violations = [new Violation(wrong.Path, wrong.Problem)] };
        }
    }

    private static string SectionOf(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is ".yaml" or ".yml")
        {
            return JobFile.SectionJson(JobFileReader.Read(path).Data);
        }

        var (kind, field) = path switch
        {
            _ when path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) => ("csv", "train"),
            _ when PackPlace.IsPack(path) => ("packed", "path"),
            _ when path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) => ("parquet", "train"),
            _ when path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) => ("tar", "train"),
            _ when File.Exists(Path.Combine(path, "data_batch_1.bin")) => ("cifar10", "path"),
            _ when File.Exists(Path.Combine(path, "train.bin")) => ("cifar100", "path"),
            _ => ("image_folder", "path"),
        };
        return new JsonObject { [kind] = new JsonObject { [field] = kind is "tar" or "parquet" ? new JsonArray(path) : path } }.ToJsonString();
    }
}
