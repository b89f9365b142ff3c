using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Pictures;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;

namespace Trainer.Cli.Models;

/// <summary>Images for a trained model: those that its job was judged by, or others, brought into the form that it was trained on.</summary>
internal static class ImageSource
{
    /// <param name="images">IDX file; null: the test images of the job's data.</param>
    /// <param name="labels">IDX file, of labels that start where the job's do; null: no labels are known, and all read 0.</param>
    /// <exception cref="DataFileException">A file is missing or is not what it should be.</exception>
    /// <exception cref="CliException">The images are not of the form that the model was trained on.</exception>
    public static DataSet Open(TrainedModel trained, string? images, string? labels)
    {
        var data = JobFile.SectionJson(trained.Spec.Data);
        var place = images ?? "The test images";
        if (images is null)
        {
            return Fitting(TestImages(trained), trained, place);
        }

        var found = labels is null ? DataSet.FromIdx(images) : DataSet.FromIdx(images, labels, (int)trained.Spec.Data.LabelOffset);
        if (trained.Input is { } input && found.Shape[0] != input[0])
        {
            throw Unlike(input, found.Shape, trained, place); // before a transform that knows other channels
        }

        try
        {
            return Fitting(DataSection.Apply(data, found), trained, place);
        }
        catch (ModelException wrong)
        {
            throw new CliException($"{place}: {wrong.Problem}", inner: wrong);
        }
    }

    private static DataSet TestImages(TrainedModel trained)
    {
        using var pack = PackHere(trained.Spec.Data);
        var data = JobFile.SectionJson(pack is null ? trained.Spec.Data : DataSetFiles.At(trained.Spec.Data, pack.Path));
        try
        {
            return DataSection.DescribeTest(data).Load();
        }
        catch (ModelException wrong)
        {
            throw new CliException(
                $"{trained.Place} has no test images that can be used: {wrong.Message}.",
                inner: wrong,
                remedy: "Give others: --images FILE (to evaluate them, with --labels FILE), or, to predict, pictures in files and folders.");
        }
    }

    /// <summary>Of a data set that was pushed, the copy that workers of this machine have; null: the data are none.</summary>
    /// <exception cref="CliException">There is none.</exception>
    private static CachedPack? PackHere(Protos.Data data) => data.Pushed.Length == 0 ? null
        : DataSetCache.Find(KnownDataSet.CacheFolderOf(DataSetCache.FolderName), data.Pushed)
        ?? throw new CliException(
            $"The job's test images are in the data set {data.Pushed} in its cluster's store, and not on this machine.",
            remedy: "What the cluster found with them is in evaluation.json: trainer download ID evaluation.json\nOther images are given with --images and --labels.");

    /// <summary>Pictures in files and folders, or the test images of a known data set, on their way through the job's evaluation.</summary>
    /// <exception cref="DataFileException">Something is missing or is not what it should be.</exception>
    /// <exception cref="CliException">The images are not of the form that the model was trained on.</exception>
    public static DataSet OpenPictures(TrainedModel trained, IReadOnlyList<string> paths)
    {
        var data = JobFile.SectionJson(trained.Spec.Data);
        try
        {
            var found = paths is [var name] && !Path.Exists(name) && KnownDataSet.All.FirstOrDefault(set => set.Name == name) is { } known
                ? known.Describe().Test
                : DataSet.From(PictureFiles.Open(paths, trained.Input?[0] ?? 3));
            return Fitting(DataSection.Apply(data, found).Load(), trained, paths.Count == 1 ? paths[0] : "The pictures");
        }
        catch (ModelException wrong)
        {
            throw new CliException($"{paths[0]}: {wrong.Problem}", inner: wrong);
        }
    }

    private static DataSet Fitting(DataSet images, TrainedModel trained, string place) =>
        trained.Input is { } expected && images.Shape != expected ? throw Unlike(expected, images.Shape, trained, place) : images;

    private static CliException Unlike(Shape expected, Shape found, TrainedModel trained, string place) => new(
        $"{place}: the images are {Form(found)}; {trained.Place} was trained on {Form(expected)}.",
        remedy: "Give images of that form: an IDX file with the dimensions (N, C, H, W), or (N, H, W) for gray ones.");

    /// <summary>1x28x28 (gray)</summary>
    private static string Form(Shape image) => $"{ModelText.Sizes(image)}{(image[0] switch { 1 => " (gray)", 3 => " (colour)", _ => "" })}";

    public static ImageTransform TransformOf(Protos.Data data) => new(
        data.Resize.Count > 0 ? (int)data.Resize[0] : 0,
        data.Resize.Count > 0 ? (int)data.Resize[^1] : 0,
        NormalizeOf(data)?.Mean,
        NormalizeOf(data)?.Std);

    private static Normalize? NormalizeOf(Protos.Data data) => data.Normalize ?? data.Transforms?.Test.LastOrDefault(transform => transform.Normalize is not null)?.Normalize;
}
