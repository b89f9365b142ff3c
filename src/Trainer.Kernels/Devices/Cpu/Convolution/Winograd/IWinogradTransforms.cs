namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// The one-dimensional transforms of one kind of tile, F(m, r) from n inputs, and their adjoints, for weight gradients. Each is a fixed sequence of operations, in
/// two dimensions first along columns, then along rows: part of the canonical arithmetic. Elements are read and written a stride apart.
/// </summary>
/// <remarks>
/// With m(x) = the product of x - p over the finite points p: row p of A is (1, p, p^2, ...), of G (1, p, p^2, ...) / m'(p), of B^T the coefficients of
/// m(x) / (x - p); at infinity the last elements of A and G, and the coefficients of m. The points are those with a small rounding error that have few digits
/// (root mean square over random filters; near them it is flat: compare B. Barabasz et al., Error Analysis and Improving the Accuracy of Winograd
/// Convolution, arXiv:1803.10986). The usual ones, 1 and 2, have twice the error.
/// </remarks>
internal unsafe interface IWinogradTransforms
{
    /// <summary>m</summary>
    static abstract int Outputs { get; }

    /// <summary>r</summary>
    static abstract int Taps { get; }

    /// <summary>B^T d: n to n.</summary>
    static abstract void Input(float* d, nint step, float* target, nint targetStep);

    /// <summary>G g: r to n.</summary>
    static abstract void Filter(float* g, nint step, float* target, nint targetStep);

    /// <summary>A^T m: n to m.</summary>
    static abstract void Output(float* m, nint step, float* target, nint targetStep);

    /// <summary>A y, the adjoint of <see cref="Output"/>: m to n.</summary>
    static abstract void Gradient(float* y, nint step, float* target, nint targetStep);

    /// <summary>G^T u, the adjoint of <see cref="Filter"/>: n to r.</summary>
    static abstract void FilterGradient(float* u, nint step, float* target, nint targetStep);
}
