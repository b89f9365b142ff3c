using Trainer.Cli.Errors;
using Trainer.Kernels.Data;
using Trainer.Protos;

namespace Trainer.Cli.Models;

/// <summary>Images for a trained model: those that its job was judged by, or others, brought into the form that it was trained on.</summary>
internal static class ImageSource
{
    /// <param name="images">IDX file; null: the test images of the job's data.</param>
    /// <param name="labels">IDX file; null: no labels are known, and all read 0.</param>
    /// <exception cref="DataFileException">A file is missing or is not what it should be.</exception>
    public static DataSet Open(Protos.Data data, string? images, string? labels)
    {
        var found = (images, labels, data.Idx) switch
        {
            ({ }, { }, _) => DataSet.FromIdx(images, labels),
            ({ }, null, _) => DataSet.FromIdx(images),
            (null, _, { } idx) => DataSet.FromIdx(idx.TestImages, idx.TestLabels),
            _ => FashionMnist.Load().Test,
        };
        try
        {
            return found.With(TransformOf(data));
        }
        catch (ArgumentException wrong)
        {
            throw new CliException($"{images ?? "The test images"}: {wrong.Message}", inner: wrong);
        }
    }

    public static ImageTransform TransformOf(Protos.Data data) => new(
        data.Resize.Count > 0 ? (int)data.Resize[0] : 0,
        data.Resize.Count > 0 ? (int)data.Resize[^1] : 0,
        data.Normalize?.Mean,
        data.Normalize?.Std);
}
