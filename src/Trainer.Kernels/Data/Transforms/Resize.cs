using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>To another size, as torchvision.transforms.Resize on PIL images: where it becomes smaller, pixels are averaged.</summary>
/// <param name="Size">One: of the shorter side, the other in proportion; two: height and width.</param>
[Kind("resize")]
public sealed record Resize(IReadOnlyList<int> Size, Interpolation Interpolation = Interpolation.Bilinear) : PictureTransform
{
    public override PictureForm After(PictureForm form) => Size.Count == 2 ? form.WithSize(Size[0], Size[1]) : form.IsKnown ? SizeOf(form) : form;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        var form = After(new PictureForm(work.Picture.Channels, work.Picture.Height, work.Picture.Width));
        work.Tool<Resampler>().Run(work, form.Height, form.Width, Interpolation);
    }

    private PictureForm SizeOf(PictureForm form)
    {
        var (shorter, longer) = (Math.Min(form.Height, form.Width), Math.Max(form.Height, form.Width));
        var other = Math.Max(1, (int)((double)((long)Size[0] * longer) / shorter));
        return form.Width <= form.Height ? form.WithSize(other, Size[0]) : form.WithSize(Size[0], other);
    }
}
