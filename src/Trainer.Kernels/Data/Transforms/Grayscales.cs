using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>Without colours, as torchvision.transforms.Grayscale.</summary>
/// <param name="NumOutputChannels">1, or 3 of the same.</param>
[Kind("grayscale")]
public sealed record Grayscale(int NumOutputChannels = 1) : PictureTransform
{
    public override PictureForm After(PictureForm form) => form with { Channels = NumOutputChannels };

    public override void Apply(PictureWork work, ref Draws draws) => Lumas.Apply(work, NumOutputChannels);
}

/// <summary>Without colours, in as many channels, as torchvision.transforms.RandomGrayscale.</summary>
/// <param name="P">Probability.</param>
[Kind("random_grayscale")]
public sealed record RandomGrayscale(double P = 0.1) : PictureTransform
{
    public override bool IsRandom => true;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        if (draws.Happens(P))
        {
            Lumas.Apply(work, work.Picture.Channels);
        }
    }
}

/// <summary>Pixels' lumas in some channels.</summary>
internal static class Lumas
{
    public static void Apply(PictureWork work, int channels)
    {
        var source = work.Picture;
        if (source.Channels == 1 && channels == 1)
        {
            return;
        }

        var pixels = source.Pixels;
        var target = work.Spare.Reshape(source.Height, source.Width, channels);
        for (int at = 0, to = 0; at < pixels.Length; at += source.Channels, to += channels)
        {
            target.Slice(to, channels).Fill(source.Channels == 3 ? Colours.Luma(pixels[at], pixels[at + 1], pixels[at + 2]) : pixels[at]);
        }

        work.Swap();
    }
}
