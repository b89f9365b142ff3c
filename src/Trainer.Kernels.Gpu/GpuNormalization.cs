using ILGPU;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Normalization;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu;

/// <summary>Batch normalisation, and what it shares with group normalisation.</summary>
/// <remarks>
/// Forward: moments of planes, the trees of groups, y; backward: sums of pieces, the trees, dx. So x is read twice each way, but for planes that shared memory
/// does not hold.
/// </remarks>
internal sealed partial class GpuNormalization(GpuQueue queue) : GpuFamily(queue), INormalization, IDisposable
{
    private readonly GroupTrees _groupTrees = new(queue.Accelerator);
    private readonly GpuExchange _shared = new(queue.Accelerator, queue.Copies);
    private readonly PartsFold _partsFold = new();

    public void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y, GroupParts? parts = null)
    {
        const string Operation = nameof(BatchNormForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var groups = GeometryChecks.CheckGroups(Operation, slice, g, parts);
        var values = GpuOperand.Samples(Operation, "x", x, extent);
        var (scale, shift) = (GpuOperand.ViewOrNone(Operation, "weight", weight, channels), GpuOperand.ViewOrNone(Operation, "bias", bias, channels));
        var table = GpuOperand.ViewOrNone(Operation, "saved", saved, Extent.Of(groups.Count, 2L * g.C));
        CheckTargets(Operation, "meanSums", slice, meanSums, channels);
        CheckTargets(Operation, "varianceSums", slice, varianceSums, channels);
        var steps = GpuOperand.Steps(Operation, epilogue, extent);
        var outputs = GpuOperand.Samples(Operation, "y", y, extent);

        if (slice.LocalSamples == 0)
        {
            return;
        }

        var tree = _groupTrees.Of(groups, g.Pixels, pieces: false);
        var moments = checked(tree.Leaves * 2L * g.C);
        var scratch = Scratch.Take(moments + (groups.Count * 2L * g.C));
        var (slots, scaleShift) = (scratch.SubView(0, moments), scratch.SubView(moments));
        MeasurePlanes(slice.LocalSamples, g.C, g.Pixels, MomentKind.Sums, g.Eps, values, slots);
        var fold = new MomentFold(FoldOf(tree, g.C, slots), g.Eps, scale, shift, table, scaleShift);
        LaunchGroups(GroupFoldKernels.Moments, tree, g.C, fold);
        if (groups.AreShared)
        {
            BringTogether(tree, groups.Slice, g, slots, parts!);
            LaunchGroups(GroupFoldKernels.Moments, tree, g.C, fold with { Fold = fold.Fold with { FinishesParts = 1 } });
        }

        FoldRoots(tree, g.C, slots, Operation, "meanSums", meanSums, "varianceSums", varianceSums);
        NormalizeBatch(g, slice.LocalSamples, values, tree.SampleGroups, scaleShift, steps, outputs);
    }

    public void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y,
        Tensor saved = default, int groups = 0)
    {
        const string Operation = nameof(BatchNormInference);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var values = GpuOperand.Samples(Operation, "x", x, extent);
        var (scale, shift) = (GpuOperand.ViewOrNone(Operation, "weight", weight, channels), GpuOperand.ViewOrNone(Operation, "bias", bias, channels));
        var (means, variances) = (GpuOperand.View(Operation, "mean", mean, channels), GpuOperand.View(Operation, "variance", variance, channels));
        var steps = GpuOperand.Steps(Operation, epilogue, extent);
        var outputs = GpuOperand.Samples(Operation, "y", y, extent);

        var table = groups > 0 ? GpuOperand.ViewOrNone(Operation, "saved", saved, Extent.Of(groups, 2L * g.C)) : default;
        var scaleShift = Scratch.Take(2L * g.C);
        LaunchThreads(NormalizeKernels.Inference, g.C, new InferenceTable(g.C, g.Eps, means, variances, scale, shift, scaleShift, table.Length > 0 ? groups : 0, table));
        NormalizeBatch(g, samples, values, default, scaleShift, steps, outputs);
    }

    public void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx, GroupParts? parts = null)
    {
        const string Operation = nameof(BatchNormBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var groups = GeometryChecks.CheckGroups(Operation, slice, g, parts);
        var (values, gradients) = (GpuOperand.Samples(Operation, "x", x, extent), GpuOperand.Samples(Operation, "dy", dy, extent));
        var scale = GpuOperand.ViewOrNone(Operation, "weight", weight, channels);
        var table = GpuOperand.View(Operation, "saved", saved, Extent.Of(groups.Count, 2L * g.C));
        CheckTargets(Operation, "dweight", slice, dweight, channels);
        CheckTargets(Operation, "dbias", slice, dbias, channels);
        var steps = dx.IsEmpty ? default : GpuOperand.Steps(Operation, epilogue, extent);
        var target = GpuOperand.SamplesOrNone(Operation, "dx", dx, extent);

        if (slice.LocalSamples == 0)
        {
            return;
        }

        var tree = _groupTrees.Of(groups, g.Pixels, pieces: true);
        var sums = checked(tree.Leaves * 2L * g.C);
        var scratch = Scratch.Take(sums + (groups.Count * 2L * g.C));
        var (slots, shares) = (scratch.SubView(0, sums), scratch.SubView(sums));
        var pieces = Reductions.Of(slice, g.Pixels, 1).Pieces;
        SumPieces(tree.Leaves, g.C, g.Pixels, pieces, values, gradients, MomentTable.OfGroups(table, tree.SampleGroups, g.C), slots);
        var fold = new SumFold(FoldOf(tree, g.C, slots), shares);
        LaunchGroups(GroupFoldKernels.Sums, tree, g.C, fold);
        FoldRoots(tree, g.C, slots, Operation, "dbias", dbias, "dweight", dweight);
        if (groups.AreShared && !g.Frozen)
        {
            BringTogether(tree, groups.Slice, g, slots, parts!);
            LaunchGroups(GroupFoldKernels.Sums, tree, g.C, fold with { Fold = fold.Fold with { FinishesParts = 1 } });
        }

        if (!dx.IsEmpty)
        {
            var cells = new ChannelCells(g.C, g.Pixels);
            Launch(NormGradientKernels.Batch, cells.GroupsOf(slice.LocalSamples), ThreadGroup.Size, new BatchNormGradient(
                cells, g.C, values, gradients, tree.SampleGroups, scale, table, g.Frozen ? default : shares, steps, target));
        }
    }

    public void Dispose()
    {
        _groupTrees.Dispose();
        _shared.Dispose();
    }

    private static GroupFold FoldOf(GroupTree tree, int channels, ArrayView<float> slots) =>
        new(tree.View, channels, RunsOf(channels, GroupFoldKernels.RunChannels), 0, slots);

    private static int RunsOf(int channels, int runChannels) => (channels + runChannels - 1) / runChannels;

    /// <summary>Sums per root are all there, or none is wanted.</summary>
    private static void CheckTargets(string operation, string operand, BatchSlice slice, ReadOnlySpan<Tensor> sums, Extent extent)
    {
        if (sums.IsEmpty)
        {
            return;
        }

        GeometryChecks.CheckRoots(operation, operand, sums.Length, slice);
        for (var root = 0; root < sums.Length; root++)
        {
            if (slice.RootSamples(slice.Roots[root]) > 0)
            {
                _ = GpuOperand.View(operation, operand, sums[root], extent);
            }
        }
    }

    /// <summary>Exchanges the parts of shared groups by way of the host. Their slots then hold the values of the groups.</summary>
    private void BringTogether(GroupTree tree, BatchSlice slice, in BatchNormGeometry g, ArrayView<float> slots, GroupParts parts)
    {
        var elements = 2 * g.C;
        var own = tree.Roots.Where(root => root.IsPart).ToArray();
        Queue.Bind();
        var staging = _shared.Take<float>(own.Length * elements);
        for (var i = 0; i < own.Length; i++)
        {
            CopyRow(tree, g.C, slots, own[i].Slot, staging, i);
        }

        var values = _shared.Download<float>(own.Length * elements);
        Queue.Synchronize();
        for (var i = 0; i < own.Length; i++)
        {
            values.Slice(i * elements, elements).CopyTo(parts.ValuesOf(PartOf(own[i])).Span);
        }

        parts.Gather();
        var folded = new float[own.Length * elements];
        for (var i = 0; i < own.Length; i++)
        {
            _partsFold.Fold(parts, PartOf(own[i]), g.Pixels, folded.AsSpan(i * elements, elements));
        }

        staging = _shared.Upload<float>(folded);
        for (var i = 0; i < own.Length; i++)
        {
            CopyRow(tree, g.C, staging, i, slots, own[i].Slot);
        }

        Queue.Synchronize(); // The mirror is free for the next exchange.

        int PartOf(in RootGroups root) => parts.IndexOf(slice.Roots[root.Root]);
    }

    private void CopyRow(GroupTree tree, int channels, ArrayView<float> from, int row, ArrayView<float> to, int toRow) =>
        LaunchThreads(GroupFoldKernels.Root, 2L * channels, new RootFold(
            channels, tree.Additions, 0, 0, row, from, to.SubView(toRow * 2L * channels, channels), to.SubView((toRow * 2L * channels) + channels, channels)));

    private void MeasurePlanes(int samples, int channels, int pixels, MomentKind kind, float eps, SampleRows x, ArrayView<float> moments)
    {
        var planes = checked(samples * channels);
        var kernel = pixels == 1 ? MomentKernels.Features : pixels <= MomentKernels.SmallPixels ? MomentKernels.Small : MomentKernels.Large;
        Launch(kernel, RunsOf(planes, MomentKernels.PlanesOfGroup(pixels)), ThreadGroup.Size, new PlaneMoments(
            planes, new FastDivisor(channels), pixels, pixels, kind, eps, x, moments));
    }

    /// <param name="pieces">None: each sample is a piece.</param>
    private void SumPieces(
        int count, int channels, int pixels, ArrayView<int> pieces, SampleRows x, SampleRows dy, MomentTable saved, ArrayView<float> sums)
    {
        var runs = RunsOf(channels, NormSumKernels.RunChannels);
        Launch(NormSumKernels.Sums, (long)count * runs, ThreadGroup.Size, new NormSums(channels, runs, pixels, pieces, x, dy, saved, sums));
    }

    private void LaunchGroups<TArguments>(Kernel<TArguments> kernel, GroupTree tree, int channels, in TArguments arguments)
        where TArguments : struct =>
        Launch(kernel, (long)tree.GroupCount * RunsOf(channels, GroupFoldKernels.RunChannels), ThreadGroup.Size, arguments);

    private void FoldRoots(
        GroupTree tree, int channels, ArrayView<float> slots, string operation, string firstOperand, ReadOnlySpan<Tensor> first, string secondOperand,
        ReadOnlySpan<Tensor> second)
    {
        if (first.IsEmpty && second.IsEmpty)
        {
            return;
        }

        for (var i = 0; i < tree.Roots.Count; i++)
        {
            var root = tree.Roots[i];
            LaunchThreads(GroupFoldKernels.Root, 2L * channels, new RootFold(
                channels,
                tree.Additions,
                root.FirstAddition,
                root.Additions,
                root.Slot,
                slots,
                first.IsEmpty ? default : GpuOperand.View(operation, firstOperand, first[root.Root], Extent.Of(channels)),
                second.IsEmpty ? default : GpuOperand.View(operation, secondOperand, second[root.Root], Extent.Of(channels))));
        }
    }

    private void NormalizeBatch(
        in BatchNormGeometry g, int samples, SampleRows x, ArrayView<int> sampleGroups, ArrayView<float> scaleShift, OutputSteps steps, SampleRows y)
    {
        var cells = new ChannelCells(g.C, g.Pixels);
        Launch(NormalizeKernels.Batch, cells.GroupsOf(samples), ThreadGroup.Size, new BatchNormalize(cells, g.C, x, sampleGroups, scaleShift, steps, y));
    }
}
