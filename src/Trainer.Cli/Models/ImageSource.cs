using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Kernels;
using Trainer.Kernels.Data;

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
        var data = trained.Spec.Data;
        var found = (images, labels, data.Idx) switch
        {
            ({ }, { }, _) => DataSet.FromIdx(images, labels, (int)data.LabelOffset),
            ({ }, null, _) => DataSet.FromIdx(images),
            (null, _, { } idx) => DataSet.FromIdx(idx.TestImages, idx.TestLabels, (int)data.LabelOffset),
            _ => FashionMnist.Load().Test,
        };
        var place = images ?? "The test images";
        if (trained.Input is { } input && found.Shape[0] != input[0])
        {
            throw Unlike(input, found.Shape, trained, place); // before a transform that knows other channels
        }

        try
        {
            var transformed = found.With(TransformOf(data));
            return trained.Input is { } expected && transformed.Shape != expected ? throw Unlike(expected, transformed.Shape, trained, place) : transformed;
        }
        catch (ArgumentException wrong)
        {
            throw new CliException($"{place}: {wrong.Message}", inner: wrong);
        }
    }

    private static CliException Unlike(Shape expected, Shape found, TrainedModel trained, string place) => new(
        $"{place}: the images are {Form(found)}; {trained.Place} was trained on {Form(expected)}.",
        remedy: "Give images of that form: an IDX file with the dimensions (N, C, H, W), or (N, H, W) for gray ones.");

    /// <summary>1x28x28 (gray)</summary>
    private static string Form(Shape image) => $"{ModelText.Sizes(image)}{(image[0] switch { 1 => " (gray)", 3 => " (colour)", _ => "" })}";

    public static ImageTransform TransformOf(Protos.Data data) => new(
        data.Resize.Count > 0 ? (int)data.Resize[0] : 0,
        data.Resize.Count > 0 ? (int)data.Resize[^1] : 0,
        data.Normalize?.Mean,
        data.Normalize?.Std);
}
