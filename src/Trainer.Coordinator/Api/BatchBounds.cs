using Trainer.Kernels;

namespace Trainer.Coordinator.Api;

/// <summary>How large a batch may be: any worker must be able to take it whole, in memory that one number counts.</summary>
internal static class BatchBounds
{
    private const long MostElements = int.MaxValue;

    /// <summary>What is wrong with so many images of a shape, in words; null: nothing.</summary>
    public static string? Refuse(uint batchSize, Shape image) => image.Elements * batchSize <= MostElements ? null
        : $"of {batchSize} images of {image} is {image.Elements * batchSize * sizeof(float):N0} bytes; expected at most {MostElements * sizeof(float):N0}, since one worker may have to take it whole: "
            + "make the batch or the images smaller";
}
