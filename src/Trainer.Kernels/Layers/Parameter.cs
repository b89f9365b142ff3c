namespace Trainer.Kernels.Layers;

/// <summary>A tensor that training changes: its name within its layer (<c>weight</c>), its shape and its first values.</summary>
public sealed record Parameter(string Name, Shape Shape, Initializer Initial);
