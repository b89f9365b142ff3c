namespace Trainer.Kernels.Data;

/// <summary>A rectangle within a picture.</summary>
internal readonly record struct Area(int Top, int Left, int Height, int Width);
