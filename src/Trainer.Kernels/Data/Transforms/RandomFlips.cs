using System.Runtime.Intrinsics;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>Left becomes right, as torchvision.transforms.RandomHorizontalFlip.</summary>
/// <param name="P">Probability.</param>
[Kind("random_horizontal_flip")]
public sealed record RandomHorizontalFlip(double P = 0.5) : PictureTransform
{
    /// <summary>Channels of five pixels the other way round; the byte behind them stays.</summary>
    private static readonly Vector128<byte> FivePixels = Vector128.Create((byte)2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 15);

    public override bool IsRandom => true;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        if (!draws.Happens(P))
        {
            return;
        }

        for (var y = 0; y < work.Picture.Height; y++)
        {
            Flip(work.Picture.Row(y), work.Picture.Channels);
        }
    }

    private static void Flip(Span<byte> row, int channels)
    {
        row.Reverse(); // and each pixel's channels back again
        var at = 0;
        for (; channels == 3 && at <= row.Length - Vector128<byte>.Count; at += 15)
        {
            Vector128.Shuffle(Vector128.Create(row.Slice(at, Vector128<byte>.Count)), FivePixels).CopyTo(row[at..]);
        }

        for (; channels > 1 && at < row.Length; at += channels)
        {
            row.Slice(at, channels).Reverse();
        }
    }
}

/// <summary>Top becomes bottom, as torchvision.transforms.RandomVerticalFlip.</summary>
/// <param name="P">Probability.</param>
[Kind("random_vertical_flip")]
public sealed record RandomVerticalFlip(double P = 0.5) : PictureTransform
{
    public override bool IsRandom => true;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        if (!draws.Happens(P))
        {
            return;
        }

        var picture = work.Picture;
        work.Spare.Reshape(picture.Height, picture.Width, picture.Channels);
        for (var y = 0; y < picture.Height; y++)
        {
            picture.Row(y).CopyTo(work.Spare.Row(picture.Height - 1 - y));
        }

        work.Swap();
    }
}
