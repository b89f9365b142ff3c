using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Operands;

/// <summary>Checks of a call that do not concern memory. Each failure names the operation, what it got and what it expected.</summary>
internal static class GeometryChecks
{
    public static void Check(string operation, in Conv2dGeometry g, int samples)
    {
        if (Math.Min(Math.Min(g.C, g.K), Math.Min(Math.Min(g.H, g.W), Math.Min(g.R, g.S))) < 1)
        {
            throw new ArgumentException($"{operation}: {g} has a dimension below 1.");
        }

        if (Math.Min(Math.Min(g.DilationH, g.DilationW), g.Groups) < 1 || g.C % g.Groups != 0 || g.K % g.Groups != 0)
        {
            throw new ArgumentException($"{operation}: {g}, expected dilations of at least 1 and groups that divide C and K.");
        }

        var image = (g.H + g.ExtraH, g.W + g.ExtraW);
        CheckWindow(operation, image, (g.ExtentH, g.ExtentW), (g.StrideH, g.StrideW), (g.PadH, g.PadW));
        CheckSamples(operation, samples);
    }

    /// <param name="isMax">Only max pooling has dilation.</param>
    public static void Check(string operation, in Pool2dGeometry g, int samples, bool isMax)
    {
        if (Math.Min(Math.Min(g.C, g.H), Math.Min(g.W, Math.Min(g.R, g.S))) < 1)
        {
            throw new ArgumentException($"{operation}: {g} has a dimension below 1.");
        }

        var missesImage = (g.PadH > 0 && g.DilationH > g.H) || (g.PadW > 0 && g.DilationW > g.W);
        if (Math.Min(g.DilationH, g.DilationW) < 1 || (isMax ? missesImage : (g.DilationH, g.DilationW) != (1, 1)))
        {
            var expected = isMax ? $"(1, 1) to the image's size {(g.H, g.W)}, beyond which a window could lie in padding alone" : "(1, 1)";
            throw new ArgumentException($"{operation}: dilation {(g.DilationH, g.DilationW)}, expected {expected}.");
        }

        var extent = ((g.DilationH * (g.R - 1)) + 1, (g.DilationW * (g.S - 1)) + 1);
        var image = g.CeilMode ? (g.H + g.StrideH - 1, g.W + g.StrideW - 1) : (g.H, g.W);
        CheckWindow(operation, image, extent, (g.StrideH, g.StrideW), (g.PadH, g.PadW));
        if (g.PadH > g.R / 2 || g.PadW > g.S / 2)
        {
            throw new ArgumentException($"{operation}: padding {(g.PadH, g.PadW)}, expected at most half of window {(g.R, g.S)}.");
        }

        CheckSamples(operation, samples);
    }

    /// <summary>The batch norm groups of a slice, which it can be normalised in.</summary>
    /// <param name="parts">Takes in the parts of groups that are shared; null: none may be.</param>
    public static GroupPlan CheckGroups(string operation, BatchSlice slice, in BatchNormGeometry g, GroupParts? parts)
    {
        if (g.Frozen)
        {
            return slice.GroupsOf(1);
        }

        var groups = slice.GroupsOf(g.Sync ? slice.Shards : slice.GroupShards);
        parts?.Describe(groups, g.C);
        for (var i = 0; i < groups.Count; i++)
        {
            var (group, root) = (groups[i], slice.Roots[groups[i].Root]);
            if (group.IsPart && parts?.Exchange is null)
            {
                throw new ArgumentException($"{operation}: root {root} splits a group, expected whole groups of {groups.Run} shards.");
            }

            if (group.IsShared && parts!.IndexOf(root) < 0)
            {
                throw new ArgumentException($"{operation}: root {root} is none of the exchange's.");
            }

            if ((long)group.GroupSamples * g.Pixels == 1)
            {
                throw new ArgumentException($"{operation}: the group of shards {group.Shards} has 1 value per channel, expected at least 2.");
            }
        }

        return groups;
    }

    public static void Check(string operation, in Pad2dGeometry g, int samples)
    {
        if (Math.Min(g.C, Math.Min(g.H, g.W)) < 1 || Math.Min(Math.Min(g.Left, g.Right), Math.Min(g.Top, g.Bottom)) < 0)
        {
            throw new ArgumentException($"{operation}: {g} has a dimension below 1, or less than no padding.");
        }

        CheckSamples(operation, samples);
    }

    public static void Check(string operation, in AdaptivePool2dGeometry g, int samples)
    {
        if (Math.Min(Math.Min(g.C, g.H), Math.Min(g.W, Math.Min(g.P, g.Q))) < 1)
        {
            throw new ArgumentException($"{operation}: {g} has a dimension below 1.");
        }

        CheckSamples(operation, samples);
    }

    public static void Check(string operation, in DropoutDraw draw, int channels, int pixels, int samples)
    {
        if (!(draw.P >= 0 && draw.P <= 1))
        {
            throw new ArgumentException($"{operation}: probability {draw.P}, expected 0 to 1.");
        }

        CheckChannels(operation, channels, pixels, 1, samples);
    }

    public static void CheckChannels(string operation, int channels, int pixels, int groups, int samples)
    {
        if (Math.Min(channels, Math.Min(pixels, groups)) < 1)
        {
            throw new ArgumentException($"{operation}: {channels} channels of {pixels} pixels in {groups} groups, expected at least 1 of each.");
        }

        if (channels % groups != 0)
        {
            throw new ArgumentException($"{operation}: {channels} channels, expected a multiple of {groups} groups.");
        }

        CheckSamples(operation, samples);
    }

    public static void Check(string operation, int inputs, int outputs, int samples)
    {
        if (inputs < 1 || outputs < 1)
        {
            throw new ArgumentException($"{operation}: {inputs} inputs and {outputs} outputs, expected at least 1 of each.");
        }

        CheckSamples(operation, samples);
    }

    public static void CheckElements(string operation, long elements, int samples)
    {
        if (elements < 1)
        {
            throw new ArgumentException($"{operation}: {elements} elements per sample, expected at least 1.");
        }

        CheckSamples(operation, samples);
    }

    /// <param name="read">Room for the chunks' hashes.</param>
    /// <param name="written">Likewise.</param>
    public static void CheckRuns(string operation, ReadOnlySpan<UpdateRun> runs, ReadOnlySpan<Tensor> before, ReadOnlySpan<Tensor> after, int read, int written, int ofTotal)
    {
        if (before.Length != after.Length || after.Length == 0)
        {
            throw new ArgumentException($"{operation}: {after.Length} buffers after it for {before.Length} before it, expected as many, the weights first.");
        }

        var (elements, total) = (after[0].Elements, 0L);
        CheckHashes(operation, elements * after.Length, after.Length * Chunk.CountOf(elements), read);
        CheckHashes(operation, elements * after.Length, after.Length * Chunk.CountOf(elements), written);
        if (ofTotal > 0)
        {
            CheckHashes(operation, elements, Chunk.CountOf(elements), ofTotal);
        }

        for (var i = 0; i < runs.Length; i++)
        {
            if (runs[i].Elements < 0 || !Enum.IsDefined(runs[i].Rule))
            {
                throw new ArgumentException(
                    $"{operation}: run {i} is {(int)runs[i].Rule} over {runs[i].Elements} elements, expected an UpdateRule over at least 0.");
            }

            if (runs[i].Rule is UpdateRule.Adam or UpdateRule.AdamW && runs[i].Step < 1)
            {
                throw new ArgumentException($"{operation}: run {i} is at step {runs[i].Step} of {runs[i].Rule}, expected at least 1.");
            }

            if (runs[i].StateBuffers > after.Length - 1)
            {
                throw new ArgumentException(
                    $"{operation}: run {i} is {runs[i].Rule} and keeps {runs[i].StateBuffers} buffers beside the weights, got {after.Length - 1}.");
            }

            if (runs[i].AverageShare != 0 && runs[i].StateBuffers > after.Length - 2)
            {
                throw new ArgumentException(
                    $"{operation}: run {i} is {runs[i].Rule}, keeps {runs[i].StateBuffers} buffers beside the weights and an average of them, got {after.Length - 1}.");
            }

            total += runs[i].Elements;
        }

        if (total != elements)
        {
            throw new ArgumentException($"{operation}: the runs cover {total} elements, the weights have {elements}.");
        }
    }

    public static void CheckHashes(string operation, long elements, int chunks, int hashes)
    {
        if (hashes != chunks)
        {
            throw new ArgumentException($"{operation}: room for {hashes} hashes, {elements} elements have {chunks} chunks.");
        }
    }

    public static void CheckLabels(string operation, int classes, int samples, ReadOnlySpan<int> labels, int? ignoreIndex)
    {
        if (classes < 1)
        {
            throw new ArgumentException($"{operation}: {classes} classes, expected at least 1.");
        }

        CheckSamples(operation, samples);
        for (var i = 0; i < samples; i++)
        {
            if ((labels[i] < 0 || labels[i] >= classes) && labels[i] != ignoreIndex)
            {
                throw new ArgumentException($"{operation}: label {labels[i]} of sample {i}, expected 0 to {classes - 1}.");
            }
        }
    }

    public static void CheckRoots(string operation, string operand, int tensors, BatchSlice slice)
    {
        if (tensors != slice.Roots.Count)
        {
            throw new ArgumentException($"{operation}: {operand} has {tensors} tensors, the slice has {slice.Roots.Count} roots.");
        }
    }

    private static void CheckSamples(string operation, int samples)
    {
        if (samples < 0)
        {
            throw new ArgumentException($"{operation}: {samples} samples, expected at least 0.");
        }
    }

    private static void CheckWindow(
        string operation, (int H, int W) image, (int R, int S) window, (int H, int W) stride, (int H, int W) pad)
    {
        if (stride.H < 1 || stride.W < 1 || pad.H < 0 || pad.W < 0)
        {
            throw new ArgumentException($"{operation}: stride {stride} and padding {pad}, expected at least 1 and at least 0.");
        }

        if (image.H + (2 * pad.H) < window.R || image.W + (2 * pad.W) < window.S)
        {
            throw new ArgumentException($"{operation}: window {window} is larger than image {image} with padding {pad}.");
        }
    }
}
