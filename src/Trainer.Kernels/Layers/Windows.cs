namespace Trainer.Kernels.Layers;

/// <summary>What every layer that slides a window over (C,H,W) asks of its options and input.</summary>
internal static class Windows
{
    public static void CheckImage(string kind, Shape input)
    {
        if (input.Rank != 3)
        {
            throw new LayerException($"input is {input}; {kind} takes (channels, height, width)");
        }
    }

    public static void Check(string kind, Shape input, Size2 kernel, Size2 stride, Size2 padding, Size2 dilation, Size2 extra = default)
    {
        LayerException.CheckAtLeast(1, kernel, "kernel_size");
        LayerException.CheckAtLeast(1, stride, "stride");
        LayerException.CheckAtLeast(0, padding, "padding");
        LayerException.CheckAtLeast(1, dilation, "dilation");
        CheckImage(kind, input);
        if (input[1] + (2L * padding.Height) + extra.Height < Extent(kernel.Height, dilation.Height)
            || input[2] + (2L * padding.Width) + extra.Width < Extent(kernel.Width, dilation.Width))
        {
            var spread = dilation == 1 ? "" : $" of dilation {dilation}";
            throw new LayerException($"input {input} with padding {padding} is smaller than the kernel {kernel}{spread}");
        }
    }

    /// <summary>PyTorch's limit for pools: a window may not lie in the padding alone.</summary>
    public static void CheckPoolPadding(Size2 kernel, Size2 padding)
    {
        if (padding.Height > kernel.Height / 2 || padding.Width > kernel.Width / 2)
        {
            throw new LayerException($"{padding} is more than half of the kernel {kernel}", "padding");
        }
    }

    /// <summary>Rows and columns from a window's first to its last.</summary>
    public static Size2 Extent(Size2 kernel, Size2 dilation) =>
        new(checked((int)Extent(kernel.Height, dilation.Height)), checked((int)Extent(kernel.Width, dilation.Width)));

    private static long Extent(int kernel, int dilation) => ((long)dilation * (kernel - 1)) + 1;
}
