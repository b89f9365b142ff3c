using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Devices;

/// <summary>What turns gradients into new weights: passes over flat buffers.</summary>
public interface IUpdates
{
    /// <summary>
    /// The sum of squares of a flat buffer, in double, so that it is finite where the elements are: Form L per chunk of 65,536 elements, chunks added in
    /// ascending order from +0.
    /// </summary>
    double SquaredNorm(Tensor values);

    /// <summary>
    /// One step of an optimizer over flat buffers of one length: reads weights and what the optimizer keeps, and writes the next ones beside them. What a run's
    /// rule leaves alone is copied. Every multiply-add is fused.
    /// </summary>
    /// <param name="scale">Multiplied into every total first: clipping and the like. 1 changes no bit.</param>
    /// <param name="before">The weights, then the optimizer's buffers: Sgd's velocity; m and v of Adam; then the average of the weights, where a run has a share in it.</param>
    /// <param name="after">As many, likewise; the same tensors, to be changed where they are, or others.</param>
    /// <param name="read">What <see cref="Hash"/> would say of each buffer of <paramref name="before"/>, one behind another, from the values that were read.</param>
    /// <param name="written">Likewise, of <paramref name="after"/>.</param>
    /// <param name="ofTotal">Likewise, of <paramref name="total"/>, after it was read: what had changed before that shows. Empty: not wanted.</param>
    void Update(
        ReadOnlySpan<UpdateRun> runs, float scale, Tensor total, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, Span<ulong> read, Span<ulong> written,
        Span<ulong> ofTotal = default);

    /// <summary>A 64-bit hash of each chunk of 65,536 elements of a flat buffer, which depends on the bits and their order alone.</summary>
    /// <param name="hashes">One for each chunk.</param>
    void Hash(Tensor values, Span<ulong> hashes);
}
