using Trainer.Kernels.Devices;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using static Trainer.Kernels.Tests.Reference.ReferenceElements;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>Normalisation, of whole groups: it exchanges nothing.</summary>
internal sealed class ReferenceNormalization : INormalization
{
    /// <summary>n values, their mean and the sum of their squared deviations.</summary>
    private readonly record struct Moments(long Count, float Mean, float M2)
    {
        /// <summary>Chan, Golub and LeVeque's formula.</summary>
        public static Moments Join(Moments a, Moments b)
        {
            var (n, d) = (a.Count + b.Count, b.Mean - a.Mean);
            return new(
                n,
                MathF.FusedMultiplyAdd(d, (float)((double)b.Count / n), a.Mean),
                MathF.FusedMultiplyAdd(d * d, (float)((double)a.Count * b.Count / n), a.M2 + b.M2));
        }
    }

    public void LocalResponseForward(in LocalResponseGeometry g, int samples, Tensor x, Tensor saved, Tensor y)
    {
        var elements = g.C * g.Pixels;
        for (var n = 0; n < samples; n++)
        {
            for (var i = 0; i < elements; i++)
            {
                var (c, sum) = (i / g.Pixels, 0.0);
                for (var other = Math.Max(0, c - g.Before); other <= Math.Min(g.C - 1, c + g.Behind); other++)
                {
                    sum += Math.Pow(Element(x, elements, n, i + ((other - c) * g.Pixels)), 2);
                }

                var d = g.K + (g.Scale * sum);
                Element(y, elements, n, i) = (float)(Element(x, elements, n, i) * Math.Pow(d, -g.Beta));
                if (!saved.IsEmpty)
                {
                    saved.Host[(2 * n * elements) + i] = (float)Math.Pow(d, -g.Beta);
                    saved.Host[(((2 * n) + 1) * elements) + i] = (float)d;
                }
            }
        }
    }

    public void LocalResponseBackward(in LocalResponseGeometry g, int samples, Tensor x, Tensor dy, Tensor saved, in GradientEpilogue epilogue, Tensor dx)
    {
        var elements = g.C * g.Pixels;
        for (var n = 0; n < samples; n++)
        {
            var powers = saved.Host.Slice(2 * n * elements, elements);
            var terms = saved.Host.Slice(((2 * n) + 1) * elements, elements);
            for (var i = 0; i < elements; i++)
            {
                terms[i] = Element(dy, elements, n, i) * Element(x, elements, n, i) * powers[i] / terms[i];
            }

            for (var i = 0; i < elements; i++)
            {
                var (c, sum) = (i / g.Pixels, 0.0);
                for (var other = Math.Max(0, c - g.Behind); other <= Math.Min(g.C - 1, c + g.Before); other++)
                {
                    sum += terms[i + ((other - c) * g.Pixels)];
                }

                Write(epilogue, dx, elements, n, i, (float)(((double)Element(dy, elements, n, i) * powers[i]) - ((double)g.GradientScale * Element(x, elements, n, i) * sum)));
            }
        }
    }

    public void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y, GroupParts? parts = null)
    {
        var (group, elements, geometry) = (0, (long)g.C * g.Pixels, g);
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            foreach (var (shards, first, count) in Groups(slice, g.Sync, range))
            {
                for (var c = 0; c < g.C; c++)
                {
                    var moments = MomentsOf(geometry, slice, x, shards, first, c);
                    if (moments is not { } m)
                    {
                        continue;
                    }

                    var invstd = 1 / MathF.Sqrt((m.M2 / m.Count) + g.Eps);
                    if (!saved.IsEmpty)
                    {
                        saved.Host[(group * 2 * g.C) + c] = m.Mean;
                        saved.Host[(((group * 2) + 1) * g.C) + c] = invstd;
                    }

                    Normalize(geometry, first, count, c, x, m.Mean, invstd, weight, bias, epilogue, y);
                }

                group++;
            }

            for (var c = 0; c < g.C && slice.RootSamples(range) > 0 && !meanSums.IsEmpty; c++)
            {
                var channel = c;
                var means = FoldGroups(slice, g.Sync, range, (shards, first) =>
                    MomentsOf(geometry, slice, x, shards, first, channel) is { } m ? m.Count / geometry.Pixels * m.Mean : null);
                var variances = FoldGroups(slice, g.Sync, range, (shards, first) =>
                    MomentsOf(geometry, slice, x, shards, first, channel) is { } m ? m.Count / geometry.Pixels * (m.M2 / (m.Count - 1)) : null);
                (meanSums[root].Host[c], varianceSums[root].Host[c]) = (means.GetValueOrDefault(), variances.GetValueOrDefault());
            }
        }
    }

    public void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y,
        Tensor saved = default, int groups = 0)
    {
        for (var c = 0; c < g.C; c++)
        {
            Normalize(g, 0, samples, c, x, mean.Host[c], 1 / MathF.Sqrt(variance.Host[c] + g.Eps), weight, bias, epilogue, y);
            for (var group = 0; group < groups && !saved.IsEmpty; group++)
            {
                saved.Host[(group * 2 * g.C) + c] = mean.Host[c];
                saved.Host[(((group * 2) + 1) * g.C) + c] = 1 / MathF.Sqrt(variance.Host[c] + g.Eps);
            }
        }
    }

    public void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx, GroupParts? parts = null)
    {
        var (geometry, elements) = (g, (long)g.C * g.Pixels);
        var groupOf = new int[slice.LocalSamples];
        var group = 0;
        foreach (var root in slice.Roots)
        {
            foreach (var (_, first, count) in Groups(slice, g.Sync, root, g.Frozen))
            {
                Array.Fill(groupOf, group++, first, count);
            }
        }

        float Mean(int n, int c) => saved.Host[(groupOf[n] * 2 * geometry.C) + c];
        float Invstd(int n, int c) => saved.Host[(((groupOf[n] * 2) + 1) * geometry.C) + c];
        float H(int n, int c, long i) => (Element(x, elements, n, i) - Mean(n, c)) * Invstd(n, c);
        WriteSums(slice, g.C, g.Pixels, dy, H, dweight, dbias);
        if (dx.IsEmpty)
        {
            return;
        }

        foreach (var root in slice.Roots)
        {
            foreach (var (shards, first, count) in Groups(slice, g.Sync, root, g.Frozen))
            {
                for (var c = 0; c < g.C && count > 0; c++)
                {
                    var values = (float)((long)count * g.Pixels);
                    var shift = g.Frozen ? 0 : OverShards(slice, root, shards, g.C, g.Pixels, c, dy, null) / values;
                    var slope = g.Frozen ? 0 : OverShards(slice, root, shards, g.C, g.Pixels, c, dy, H) / values;
                    var factor = (weight.IsEmpty ? 1 : weight.Host[c]) * Invstd(first, c);
                    for (var n = first; n < first + count; n++)
                    {
                        for (var i = c * g.Pixels; i < (c + 1) * g.Pixels; i++)
                        {
                            var v = factor * (Element(dy, elements, n, i) - MathF.FusedMultiplyAdd(H(n, c, i), slope, shift));
                            Write(epilogue, dx, elements, n, i, v);
                        }
                    }
                }
            }
        }
    }

    public void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y)
    {
        var (elements, channels) = ((long)g.C * g.Pixels, g.C / g.Groups);
        for (var n = 0; n < samples; n++)
        {
            for (var group = 0; group < g.Groups; group++)
            {
                var first = group * channels * g.Pixels;
                var (mean, m2) = MomentsOf(x, elements, n, first, channels * g.Pixels);
                var invstd = channels * g.Pixels == 1 ? 0 : 1 / MathF.Sqrt((m2 / (channels * g.Pixels)) + g.Eps);
                if (!saved.IsEmpty)
                {
                    (saved.Host[((n * g.Groups) + group) * 2], saved.Host[(((n * g.Groups) + group) * 2) + 1]) = (mean, invstd);
                }

                for (var c = group * channels; c < (group + 1) * channels; c++)
                {
                    Normalize(new BatchNormGeometry(g.C, g.Pixels, g.Eps), n, 1, c, x, mean, invstd, weight, bias, epilogue, y);
                }
            }
        }
    }

    public void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx)
    {
        var (geometry, elements, channels) = (g, (long)g.C * g.Pixels, g.C / g.Groups);
        float Mean(int n, int c) => saved.Host[((n * geometry.Groups) + (c / channels)) * 2];
        float Invstd(int n, int c) => saved.Host[(((n * geometry.Groups) + (c / channels)) * 2) + 1];
        float H(int n, int c, long i) => (Element(x, elements, n, i) - Mean(n, c)) * Invstd(n, c);
        WriteSums(slice, g.C, g.Pixels, dy, H, dweight, dbias);
        for (var n = 0; n < slice.LocalSamples && !dx.IsEmpty; n++)
        {
            for (var group = 0; group < g.Groups; group++)
            {
                var (shift, slope, count) = (0f, 0f, (float)(channels * g.Pixels));
                for (var c = group * channels; c < (group + 1) * channels; c++)
                {
                    var w = weight.IsEmpty ? 1 : weight.Host[c];
                    shift = MathF.FusedMultiplyAdd(w, Piece(g.C, g.Pixels, c, dy, null, n * g.Pixels, g.Pixels), shift);
                    slope = MathF.FusedMultiplyAdd(w, Piece(g.C, g.Pixels, c, dy, H, n * g.Pixels, g.Pixels), slope);
                }

                (shift, slope) = (shift / count, slope / count);
                for (var i = group * channels * g.Pixels; i < (group + 1) * channels * g.Pixels; i++)
                {
                    var c = i / g.Pixels;
                    var t = MathF.FusedMultiplyAdd(H(n, c, i), slope, shift);
                    var v = Invstd(n, c) * MathF.FusedMultiplyAdd(weight.IsEmpty ? 1 : weight.Host[c], Element(dy, elements, n, i), -t);
                    Write(epilogue, dx, elements, n, i, v);
                }
            }
        }
    }

    /// <summary>A root's batch norm groups: their shards, first local sample and samples.</summary>
    private static IEnumerable<(ShardRange Shards, int First, int Count)> Groups(BatchSlice slice, bool sync, ShardRange root, bool frozen = false)
    {
        var run = frozen ? 1 : sync ? slice.Shards : slice.GroupShards;
        for (var lo = root.Lo; lo < root.Hi; lo += run)
        {
            var shards = new ShardRange(lo, Math.Min(lo + run, root.Hi));
            var first = CanonicalTree.LocalFirst(slice, root) + slice.FirstPosition(lo) - slice.FirstPosition(root.Lo);
            yield return (shards, first, slice.RootSamples(shards));
        }
    }

    private static float? FoldGroups(BatchSlice slice, bool sync, ShardRange root, Func<ShardRange, int, float?> leaf)
    {
        var groups = Groups(slice, sync, root).ToDictionary(group => group.Shards.Lo);
        float? Fold(int lo, int hi)
        {
            if (groups.TryGetValue(lo, out var group) && group.Shards.Hi == hi)
            {
                return leaf(group.Shards, group.First);
            }

            var split = ShardTree.SplitPoint(lo, hi);
            var (left, right) = (Fold(lo, split), Fold(split, hi));
            return left is null ? right : right is null ? left : left + right;
        }

        return Fold(root.Lo, root.Hi);
    }

    private static Moments? MomentsOf(BatchNormGeometry g, BatchSlice slice, Tensor x, ShardRange shards, int first, int c)
    {
        Moments? Samples(int lo, int hi)
        {
            if (hi - lo <= 1)
            {
                var (mean, m2) = hi == lo ? default : MomentsOf(x, (long)g.C * g.Pixels, lo, c * g.Pixels, g.Pixels);
                return hi == lo ? null : new Moments(g.Pixels, mean, m2);
            }

            // Counted from the shard's first sample, as the split is.
            var split = lo + ShardTree.SplitPoint(0, hi - lo);
            return Joined(Samples(lo, split), Samples(split, hi));
        }

        Moments? Shards(int lo, int hi)
        {
            var start = first + slice.FirstPosition(lo) - slice.FirstPosition(shards.Lo);
            return hi - lo == 1
                ? Samples(start, start + slice.ShardSamples(lo))
                : Joined(Shards(lo, ShardTree.SplitPoint(lo, hi)), Shards(ShardTree.SplitPoint(lo, hi), hi));
        }

        static Moments? Joined(Moments? left, Moments? right) =>
            left is null ? right : right is null ? left : Moments.Join(left.Value, right.Value);

        return Shards(shards.Lo, shards.Hi);
    }

    /// <summary>Mean and sum of squared deviations of some neighbouring elements of a sample, in Form L.</summary>
    private static (float Mean, float M2) MomentsOf(Tensor x, long elements, int sample, int first, int count)
    {
        var lanes = new float[FormL.Lanes];
        for (var i = 0; i < count; i++)
        {
            lanes[i % FormL.Lanes] += Element(x, elements, sample, first + i);
        }

        var mean = FormL.Fold(lanes) / count;
        Array.Clear(lanes);
        for (var i = 0; i < count; i++)
        {
            var d = Element(x, elements, sample, first + i) - mean;
            lanes[i % FormL.Lanes] = MathF.FusedMultiplyAdd(d, d, lanes[i % FormL.Lanes]);
        }

        return (mean, FormL.Fold(lanes));
    }

    private static void Normalize(
        BatchNormGeometry g, int first, int count, int c, Tensor x, float mean, float invstd, Tensor weight, Tensor bias, in OutputEpilogue epilogue, Tensor y)
    {
        var elements = (long)g.C * g.Pixels;
        var scale = weight.IsEmpty ? invstd : weight.Host[c] * invstd;
        var shift = MathF.FusedMultiplyAdd(-mean, scale, bias.IsEmpty ? 0 : bias.Host[c]);
        for (var n = first; n < first + count; n++)
        {
            for (var i = c * g.Pixels; i < (c + 1) * g.Pixels; i++)
            {
                Write(epilogue, y, elements, n, i, MathF.FusedMultiplyAdd(Element(x, elements, n, i), scale, shift));
            }
        }
    }

    private static void WriteSums(
        BatchSlice slice, int channels, int pixels, Tensor dy, Func<int, int, long, float> h, ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias)
    {
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            var range = slice.Roots[root];
            for (var c = 0; c < channels && slice.RootSamples(range) > 0; c++)
            {
                if (!dweight.IsEmpty)
                {
                    dweight[root].Host[c] = OverShards(slice, range, range, channels, pixels, c, dy, h);
                }

                if (!dbias.IsEmpty)
                {
                    dbias[root].Host[c] = OverShards(slice, range, range, channels, pixels, c, dy, null);
                }
            }
        }
    }

    /// <summary>The sum of dy, or of dy h, of a channel over a node of the tree below a root. A row of pieces is one pixel.</summary>
    private static float OverShards(
        BatchSlice slice, ShardRange root, ShardRange node, int channels, int pixels, int c, Tensor dy, Func<int, int, long, float>? h)
    {
        var local = CanonicalTree.LocalFirst(slice, root) - slice.FirstPosition(root.Lo);
        return CanonicalTree.Fold(node.Lo, node.Hi, shard =>
        {
            var pieces = CanonicalTree.Pieces(slice.ShardSamples(shard), pixels, 1);
            var first = (local + slice.FirstPosition(shard)) * pixels;
            return CanonicalTree.Fold(0, pieces.Count, i => Piece(channels, pixels, c, dy, h, first + pieces[i].First, pieces[i].Count));
        }).GetValueOrDefault();
    }

    private static float Piece(int channels, int pixels, int c, Tensor dy, Func<int, int, long, float>? h, int first, int count)
    {
        Span<float> lanes = stackalloc float[FormL.Lanes];
        for (var k = 0; k < count; k++)
        {
            var (n, i) = ((first + k) / pixels, (c * pixels) + ((first + k) % pixels));
            var gradient = Element(dy, (long)channels * pixels, n, i);
            ref var lane = ref lanes[k % FormL.Lanes];
            lane = h is null ? lane + gradient : MathF.FusedMultiplyAdd(gradient, h(n, c, i), lane);
        }

        return FormL.Fold(lanes);
    }
}
