namespace Trainer.Kernels.Data;

/// <summary>What happens to a sample on its way into a network; names, options and defaults as torchvision has them. A pure function of the sample and of what it draws.</summary>
public abstract record Transform
{
    /// <summary>Whether it draws numbers: what is judged is always the same, so evaluation has none such.</summary>
    public virtual bool IsRandom => false;

    /// <summary>Size and channels behind it.</summary>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    public virtual PictureForm After(PictureForm form) => form;
}

/// <summary>Of pixels as bytes, with PIL's arithmetic.</summary>
public abstract record PictureTransform : Transform
{
    public abstract void Apply(PictureWork work, ref Draws draws);
}

/// <summary>Of floats, once pixels have become those: planes (C, H, W) in place.</summary>
public abstract record TensorTransform : Transform
{
    public abstract void Apply(Span<float> planes, Shape shape, ref Draws draws);
}

/// <summary>Size and channels of an image; a height and a width of 0 where images differ.</summary>
public readonly record struct PictureForm(int Channels, int Height, int Width)
{
    public bool IsKnown => Height > 0;

    public PictureForm WithSize(int height, int width) => this with { Height = height, Width = width };
}
