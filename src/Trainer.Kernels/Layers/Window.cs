namespace Trainer.Kernels.Layers;

/// <summary>What every layer that slides a window over (C,H,W) asks of its options and input.</summary>
internal static class Window
{
    public static void Check(string kind, Shape input, Size2 kernel, Size2 stride, Size2 padding)
    {
        LayerException.CheckAtLeast(1, kernel, "kernel_size");
        LayerException.CheckAtLeast(1, stride, "stride");
        if (input.Rank != 3)
        {
            throw new LayerException($"input is {input}; {kind} takes (channels, height, width)");
        }

        if (input[1] + (2L * padding.Height) < kernel.Height || input[2] + (2L * padding.Width) < kernel.Width)
        {
            throw new LayerException($"input {input} with padding {padding} is smaller than the kernel {kernel}");
        }
    }
}
