using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>The operations that rand_augment and trivial_augment_wide choose from, in torchvision's order (torchvision.transforms.autoaugment).</summary>
internal enum AugmentationKind
{
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

/// <summary>How strong operations can be, in bins.</summary>
/// <param name="Shear">The strongest of each.</param>
/// <param name="TranslateX">Pixels; likewise <paramref name="TranslateY"/>.</param>
/// <param name="Rotate">Degrees.</param>
/// <param name="Enhance">Brightness, colour, contrast and sharpness: so much more or less than 1.</param>
/// <param name="PosterizeBits">That the strongest takes away.</param>
internal readonly record struct AugmentationSpace(int Bins, float Shear, float TranslateX, float TranslateY, float Rotate, float Enhance, int PosterizeBits)
{
    public const int Kinds = 14;

    public static bool IsSigned(AugmentationKind kind) => kind is >= AugmentationKind.ShearX and <= AugmentationKind.Sharpness;

    public static bool HasMagnitude(AugmentationKind kind) => kind is not (AugmentationKind.Identity or AugmentationKind.AutoContrast or AugmentationKind.Equalize);

    /// <summary>As torch.linspace has it, in float32.</summary>
    public double Magnitude(AugmentationKind kind, int bin) => kind switch
    {
        AugmentationKind.ShearX or AugmentationKind.ShearY => Spaced(0, Shear, bin),
        AugmentationKind.TranslateX => Spaced(0, TranslateX, bin),
        AugmentationKind.TranslateY => Spaced(0, TranslateY, bin),
        AugmentationKind.Rotate => Spaced(0, Rotate, bin),
        AugmentationKind.Brightness or AugmentationKind.Color or AugmentationKind.Contrast or AugmentationKind.Sharpness => Spaced(0, Enhance, bin),
        AugmentationKind.Posterize => 8 - (int)MathF.Round(bin / (float)((Bins - 1) / (double)PosterizeBits)),
        AugmentationKind.Solarize => Spaced(255, 0, bin),
        _ => 0,
    };

    /// <param name="magnitude">With its sign.</param>
    /// <param name="fill">Of what comes from outside.</param>
    public static void Apply(AugmentationKind kind, double magnitude, PictureWork work, byte fill)
    {
        var picture = work.Picture;
        switch (kind)
        {
            case AugmentationKind.ShearX:
                new AffineMap(1, magnitude, 0, 0, 1, 0).Apply(work, fill);
                break;
            case AugmentationKind.ShearY:
                new AffineMap(1, 0, 0, magnitude, 1, 0).Apply(work, fill);
                break;
            case AugmentationKind.TranslateX:
                new AffineMap(1, 0, -Math.Truncate(magnitude), 0, 1, 0).Apply(work, fill);
                break;
            case AugmentationKind.TranslateY:
                new AffineMap(1, 0, 0, 0, 1, -Math.Truncate(magnitude)).Apply(work, fill);
                break;
            case AugmentationKind.Rotate:
                Rotation.Apply(work, magnitude, fill);
                break;
            case AugmentationKind.Brightness:
                Colours.Brightness(picture.Pixels, 1 + magnitude);
                break;
            case AugmentationKind.Color:
                Colours.Saturation(picture.Pixels, picture.Channels, 1 + magnitude);
                break;
            case AugmentationKind.Contrast:
                Colours.Contrast(picture.Pixels, picture.Channels, 1 + magnitude);
                break;
            case AugmentationKind.Sharpness:
                Tones.Sharpness(work, 1 + magnitude);
                break;
            case AugmentationKind.Posterize:
                Tones.Posterize(picture.Pixels, (int)magnitude);
                break;
            case AugmentationKind.Solarize:
                Tones.Solarize(picture.Pixels, magnitude);
                break;
            case AugmentationKind.AutoContrast:
                Tones.AutoContrast(picture.Pixels, picture.Channels);
                break;
            case AugmentationKind.Equalize:
                Tones.Equalize(picture.Pixels, picture.Channels);
                break;
        }
    }

    private float Spaced(float from, float to, int bin)
    {
        var step = (to - from) / (Bins - 1);
        return bin < Bins / 2 ? MathF.FusedMultiplyAdd(step, bin, from) : MathF.FusedMultiplyAdd(-step, Bins - 1 - bin, to);
    }
}

/// <summary>A drawn operation, at a given magnitude, some times, as torchvision.transforms.RandAugment (Cubuk et al. 2019, arXiv:1909.13719), with the nearest pixels.</summary>
/// <param name="NumOps">Operations one after another.</param>
/// <param name="Magnitude">The bin: below <paramref name="NumMagnitudeBins"/>.</param>
/// <param name="Fill">Of what comes from outside, 0 to 255.</param>
[Kind("rand_augment")]
public sealed record RandAugment(int NumOps = 2, int Magnitude = 9, int NumMagnitudeBins = 31, int Fill = 0) : PictureTransform
{
    public override bool IsRandom => true;

    public override PictureForm After(PictureForm form) => Magnitude < NumMagnitudeBins
        ? form
        : throw new ArgumentException($"magnitude is {Magnitude}; expected less than num_magnitude_bins, {NumMagnitudeBins}");

    public override void Apply(PictureWork work, ref Draws draws)
    {
        const double most = 150.0 / 331.0;
        for (var i = 0; i < NumOps; i++)
        {
            var space = new AugmentationSpace(NumMagnitudeBins, 0.3f, (float)(most * work.Picture.Width), (float)(most * work.Picture.Height), 30, 0.9f, 4);
            var kind = (AugmentationKind)draws.Below(AugmentationSpace.Kinds);
            var sign = AugmentationSpace.IsSigned(kind) && draws.Below(2) == 1 ? -1 : 1;
            AugmentationSpace.Apply(kind, sign * space.Magnitude(kind, Magnitude), work, (byte)Fill);
        }
    }
}

/// <summary>One drawn operation at a drawn magnitude, as torchvision.transforms.TrivialAugmentWide (Mueller and Hutter 2021, arXiv:2103.10158), with the nearest pixels.</summary>
/// <param name="Fill">Of what comes from outside, 0 to 255.</param>
[Kind("trivial_augment_wide")]
public sealed record TrivialAugmentWide(int NumMagnitudeBins = 31, int Fill = 0) : PictureTransform
{
    public override bool IsRandom => true;

    public override void Apply(PictureWork work, ref Draws draws)
    {
        var space = new AugmentationSpace(NumMagnitudeBins, 0.99f, 32, 32, 135, 0.99f, 6);
        var kind = (AugmentationKind)draws.Below(AugmentationSpace.Kinds);
        var magnitude = AugmentationSpace.HasMagnitude(kind) ? space.Magnitude(kind, draws.Below(NumMagnitudeBins)) : 0;
        AugmentationSpace.Apply(kind, AugmentationSpace.IsSigned(kind) && draws.Below(2) == 1 ? -magnitude : magnitude, work, (byte)Fill);
    }
}
