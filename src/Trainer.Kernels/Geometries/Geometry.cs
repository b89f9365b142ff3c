namespace Trainer.Kernels.Geometries;

/// <summary>
/// Geometry of a 2-D convolution per sample: x (C,H,W), w (K,C/Groups,R,S), y (K,P,Q) with
/// P = (H + 2 PadH + ExtraH - DilationH (R - 1) - 1) / StrideH + 1 rounded down, Q likewise.
/// </summary>
/// <param name="PadH">Rows of zeros above and below the image.</param>
public readonly record struct Conv2dGeometry(
    int C, int H, int W, int K, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int DilationH = 1, int DilationW = 1, int Groups = 1)
{
    /// <summary>Rows of zeros below the image that it has not above: 1 for padding `same` with an even extent, else 0.</summary>
    public int ExtraH { get; init; }

    /// <summary>Columns of zeros on the right that it has not on the left.</summary>
    public int ExtraW { get; init; }

    public int P => (H + (2 * PadH) + ExtraH - ExtentH) / StrideH + 1;

    public int Q => (W + (2 * PadW) + ExtraW - ExtentW) / StrideW + 1;

    /// <summary>Rows of the image from the filter's first to its last.</summary>
    public int ExtentH => (DilationH * (R - 1)) + 1;

    public int ExtentW => (DilationW * (S - 1)) + 1;

    /// <summary>Length of the forward dot product, C / Groups x R x S.</summary>
    public int Reduction => C / Groups * R * S;
}

/// <summary>
/// Geometry of a 2-D pooling per sample: x (C,H,W), y (C,P,Q). P = (H + 2 PadH - DilationH (R - 1) - 1) / StrideH + 1, rounded down or,
/// with CeilMode, up; then a last window that would start in the padding below the image is left out, as PyTorch does. Q likewise. With CeilMode a
/// window may be larger than the image. 0 where no window fits.
/// </summary>
public readonly record struct Pool2dGeometry(
    int C, int H, int W, int R, int S, int StrideH, int StrideW, int PadH, int PadW, int DilationH = 1, int DilationW = 1, bool CeilMode = false)
{
    public int P => Windows(H, R, StrideH, PadH, DilationH);

    public int Q => Windows(W, S, StrideW, PadW, DilationW);

    /// <summary>Elements per sample that max pooling keeps for the way back: a byte per output for windows of up to 256 pixels.</summary>
    public long ChosenElements => R * S <= 256 ? (((long)C * P * Q) + 3) / 4 : (long)C * P * Q;

    private int Windows(int size, int window, int stride, int pad, int dilation)
    {
        var room = size + (2 * pad) - (dilation * (window - 1)) - 1 + (CeilMode ? stride - 1 : 0);
        var windows = room < 0 ? 0 : (room / stride) + 1;
        return CeilMode && (windows - 1) * stride >= size + pad ? windows - 1 : windows;
    }
}

/// <summary>
/// Geometry of adaptive pooling per sample: x (C,H,W), y (C,P,Q); the window of output row p is the rows from floor(p H / P) up to,
/// not including, ceil((p + 1) H / P), columns likewise (PyTorch's).
/// </summary>
public readonly record struct AdaptivePool2dGeometry(int C, int H, int W, int P, int Q);

/// <summary>Normalisation per channel of (C, Pixels); Pixels is 1 for feature vectors.</summary>
/// <param name="Sync">One group: the whole batch.</param>
/// <param name="Frozen">Statistics are given and no gradient goes through them: every shard is a group by itself, and nobody exchanges anything.</param>
public readonly record struct BatchNormGeometry(int C, int Pixels, float Eps, bool Sync = false, bool Frozen = false);

/// <summary>Normalisation of each sample's runs of C / Groups channels.</summary>
public readonly record struct GroupNormGeometry(int C, int Pixels, int Groups, float Eps);
