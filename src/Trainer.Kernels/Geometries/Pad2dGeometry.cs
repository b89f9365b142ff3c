namespace Trainer.Kernels.Geometries;

/// <summary>Rows and columns around images: x (C,H,W), y (C,P,Q) with P = Top + H + Bottom and Q = Left + W + Right.</summary>
public readonly record struct Pad2dGeometry(int C, int H, int W, int Left, int Right, int Top, int Bottom)
{
    public int P => Top + H + Bottom;

    public int Q => Left + W + Right;
}
