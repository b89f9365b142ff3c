namespace Trainer.Kernels.Layers;

/// <summary>A tensor that training changes: its name within its layer (<c>weight</c>), its shape and its first values.</summary>
public sealed record Parameter(string Name, Shape Shape, Initializer Initial);

/// <summary>
/// Numbers about the data that a layer keeps from step to step (torch's buffers: <c>running_mean</c>). Each step moves them towards the batch's by
/// <paramref name="Momentum"/>, or to the average of all batches so far where it is null.
/// </summary>
public sealed record Statistic(string Name, Shape Shape, float Initial, double? Momentum);

/// <summary>Memory that a layer fills forward and reads backward, in elements: for each sample, and for each batch norm group.</summary>
public readonly record struct SavedSize(long PerSample, long PerGroup = 0);
