namespace Trainer.Kernels.Data;

/// <summary>Where a batch goes.</summary>
/// <param name="images">(samples, C, H, W)</param>
/// <param name="labels">(samples)</param>
/// <param name="others">(samples), the labels of partners; empty: nothing is mixed.</param>
/// <param name="targets">(samples, <paramref name="outputs"/>), of sets whose samples have several labels; empty: nobody wants them.</param>
/// <param name="outputs">Of a sample's targets.</param>
public readonly ref struct BatchBuffers(Span<float> images, Span<int> labels, Span<int> others = default, Span<float> targets = default, int outputs = 0)
{
    public Span<float> Images { get; } = images;

    public Span<int> Labels { get; } = labels;

    public Span<int> Others { get; } = others;

    public Span<float> Targets { get; } = targets;

    public int Outputs { get; } = outputs;
}
