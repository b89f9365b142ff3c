using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices;

/// <summary>Batch and group normalisation, and that by neighbouring channels.</summary>
public interface INormalization
{
    /// <summary>
    /// Training: each group of shards (<see cref="BatchSlice.GroupShards"/>; all of the batch with Sync) is normalised by its own statistics. Per sample and
    /// channel mean = (Form L over pixels) / n and M2 = Form L over (x - mean)^2; samples of a shard fold in a binary tree (split at the largest power of
    /// two), shards along the shard tree, by Chan's formula: d = mean_b - mean_a; mean = fma(d, n_b / n, mean_a); M2 = fma(d^2, n_a n_b / n, M2_a + M2_b),
    /// with the quotients of counts rounded once. invstd = 1 / sqrt(M2 / n + eps); scale = weight invstd; shift = fma(-mean, scale, bias);
    /// y = fma(x, scale, shift).
    /// </summary>
    /// <param name="weight">(C), or empty: 1.</param>
    /// <param name="bias">(C), or empty: 0.</param>
    /// <param name="saved">Receives mean and invstd, (groups of the slice, 2, C); the slice's groups ascending, those of no samples included. Empty: not wanted.</param>
    /// <param name="meanSums">Per root (=), (C): the tree sum over groups of samples x mean. Roots without samples are left alone; none: not wanted.</param>
    /// <param name="varianceSums">Per root (=), (C): likewise of samples x M2 / (n - 1), the unbiased variance.</param>
    /// <param name="parts">Exchanges the moments of roots that are parts of a group, which are then folded along the same tree: the statistics of such a group are in the sums
    /// of the root with its first sample, and -0, which adds nothing, in those of the others. Null: every group is whole.</param>
    /// <exception cref="ArgumentException">A root splits a group and nobody exchanges its parts, or a group has one value per channel.</exception>
    void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y, GroupParts? parts = null);

    /// <summary>Evaluation, and training with frozen statistics: invstd = 1 / sqrt(variance + eps), the rest as in training.</summary>
    /// <param name="saved">Receives mean and invstd, (groups, 2, C), the same in each of <paramref name="groups"/>, for a backward of frozen statistics. Empty: not wanted.</param>
    void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y,
        Tensor saved = default, int groups = 0);

    /// <summary>
    /// With h = (x - mean) invstd: dbias = sum of dy, dweight = sum of dy h (pieces as in <see cref="IProducts.Conv2dBackwardWeights"/>, where a row is one pixel, Form L
    /// over pixels, the tree up to roots); dx = (weight invstd) (dy - fma(h, dweight_g / n, dbias_g / n)), with the sums of the element's own group (a node
    /// of the same tree) and its n values; of frozen statistics dx = (weight invstd) dy.
    /// </summary>
    /// <param name="dweight">Per root (=), (C); no tensors: not wanted. Likewise <paramref name="dbias"/>.</param>
    /// <param name="dx">Empty: not wanted.</param>
    /// <param name="parts">Exchanges the two sums of roots that are parts of a group.</param>
    void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx, GroupParts? parts = null);

    /// <summary>
    /// Each sample's run of C / Groups channels is normalised by its own mean = (Form L over elements) / n and variance = Form L over (x - mean)^2 / n;
    /// scale, shift and y per channel as in <see cref="BatchNormForward"/>; the invstd of a run of one value is 0, so that y is its bias.
    /// <paramref name="saved"/> receives (N, Groups, 2), empty in evaluation.
    /// </summary>
    void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y);

    /// <summary>
    /// dweight and dbias as <see cref="BatchNormBackward"/>; dx = invstd fma(weight, dy, -fma(h, slope, shift)) with shift = the sum of weight dy, slope
    /// = that of weight dy h, over a sample's own group of channels (Form L per channel, channels ascending by fma(weight, channel's sum, sum) from +0),
    /// each divided by the group's n values.
    /// </summary>
    void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx);

    /// <summary>
    /// For each pixel d_c = fma(Scale, sum of x^2, K), the sum over the channels c - Before to c + Behind that there are, ascending, fused, from +0; y_c = x_c d_c^-Beta.
    /// </summary>
    /// <param name="saved">Receives d^-Beta and d, (N, 2, C, pixels). Empty: not wanted.</param>
    void LocalResponseForward(in LocalResponseGeometry g, int samples, Tensor x, Tensor saved, Tensor y);

    /// <summary>
    /// q_c = dy_c x_c d_c^-Beta / d_c, whose place is that of d in <paramref name="saved"/>; v_c = fma(-GradientScale x_c, sum of q, dy_c d_c^-Beta), the sum over the channels
    /// c - Behind to c + Before that there are, ascending, from +0.
    /// </summary>
    void LocalResponseBackward(in LocalResponseGeometry g, int samples, Tensor x, Tensor dy, Tensor saved, in GradientEpilogue epilogue, Tensor dx);
}
