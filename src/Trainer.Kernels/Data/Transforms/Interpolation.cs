namespace Trainer.Kernels.Data.Transforms;

/// <summary>How pixels between pixels are made; as torchvision's InterpolationMode.</summary>
public enum Interpolation
{
    Nearest,
    Bilinear,
    Bicubic,
}
