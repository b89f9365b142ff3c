using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>The middle of a picture, with black around one that is smaller, as torchvision.transforms.CenterCrop.</summary>
/// <param name="Size">One: a square; two: height and width.</param>
[Kind("center_crop")]
public sealed record CenterCrop(IReadOnlyList<int> Size) : PictureTransform
{
    public override PictureForm After(PictureForm form) => form.WithSize(Size[0], Size[^1]);

    public override void Apply(PictureWork work, ref Draws draws)
    {
        var (height, width) = (Size[0], Size[^1]);
        var (missingX, missingY) = (Math.Max(0, width - work.Picture.Width), Math.Max(0, height - work.Picture.Height));
        Cutting.Pad(work, new Margins(missingX / 2, missingY / 2, (missingX + 1) / 2, (missingY + 1) / 2), PaddingMode.Constant, 0);
        var (top, left) = (Middle(work.Picture.Height - height), Middle(work.Picture.Width - width));
        Cutting.Crop(work, top, left, height, width);
    }

    /// <summary>As Python rounds: halves to the even neighbour.</summary>
    private static int Middle(int rest) => (int)Math.Round(rest / 2.0, MidpointRounding.ToEven);
}
