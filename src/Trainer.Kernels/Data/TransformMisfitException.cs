namespace Trainer.Kernels.Data;

/// <summary>A transform that does not fit the images, or where it stands.</summary>
/// <param name="index">Its place in the list.</param>
public sealed class TransformMisfitException(int index, string problem) : ArgumentException(problem)
{
    public int Index { get; } = index;
}
