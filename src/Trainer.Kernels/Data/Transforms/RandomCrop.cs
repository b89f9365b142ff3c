using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>A part of a picture anywhere in it, as torchvision.transforms.RandomCrop.</summary>
/// <param name="Size">One: a square; two: height and width.</param>
/// <param name="Padding">Pixels around it before: one for all sides, two for left and right, top and bottom, or four: left, top, right, bottom.</param>
/// <param name="PadIfNeeded">Whether a smaller picture gets as much around it as it needs.</param>
/// <param name="Fill">Of padding_mode constant, 0 to 255.</param>
[Kind("random_crop")]
public sealed record RandomCrop(
    IReadOnlyList<int> Size, IReadOnlyList<int>? Padding = null, bool PadIfNeeded = false, int Fill = 0, PaddingMode PaddingMode = PaddingMode.Constant)
    : PictureTransform
{
    public override bool IsRandom => true;

    public override PictureForm After(PictureForm form)
    {
        var (height, width) = (form.Height + Around.Top + Around.Bottom, form.Width + Around.Left + Around.Right);
        if (form.IsKnown && !PadIfNeeded && (height < Size[0] || width < Size[^1]))
        {
            throw new ArgumentException($"takes {Size[0]}x{Size[^1]} pixels of pictures that have {height}x{width} with their padding; give a padding, or pad_if_needed: true");
        }

        return form.WithSize(Size[0], Size[^1]);
    }

    private Margins Around => Padding switch
    {
        [var all] => new Margins(all, all, all, all),
        [var sides, var ends] => new Margins(sides, ends, sides, ends),
        [var left, var top, var right, var bottom] => new Margins(left, top, right, bottom),
        _ => default,
    };

    public override void Apply(PictureWork work, ref Draws draws)
    {
        var (height, width) = (Size[0], Size[^1]);
        Cutting.Pad(work, Around, PaddingMode, (byte)Fill);
        if (PadIfNeeded)
        {
            var (missingX, missingY) = (Math.Max(0, width - work.Picture.Width), Math.Max(0, height - work.Picture.Height));
            Cutting.Pad(work, new Margins(missingX, 0, missingX, 0), PaddingMode, (byte)Fill);
            Cutting.Pad(work, new Margins(0, missingY, 0, missingY), PaddingMode, (byte)Fill);
        }

        if (work.Picture.Height < height || work.Picture.Width < width)
        {
            throw new InvalidDataException(
                $"has {work.Picture.Height}x{work.Picture.Width} pixels with its padding, and random_crop takes {height}x{width}; give a padding, or pad_if_needed: true");
        }

        var top = draws.Below(work.Picture.Height - height + 1);
        Cutting.Crop(work, top, draws.Below(work.Picture.Width - width + 1), height, width);
    }
}
