using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;
using Trainer.Kernels.Gpu.Memory;
using Trainer.Kernels.Gpu.Normalization;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Gpu;

/// <summary>Group normalisation.</summary>
/// <remarks>
/// As batch normalisation, with runs of channels for planes and no tree forward. dx needs sums of whole planes; where pieces are something else, x and dy are
/// read once more for them.
/// </remarks>
internal sealed partial class GpuNormalization
{
    public void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(GroupNormForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, g.Groups, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var values = GpuOperand.Samples(Operation, "x", x, extent);
        var (scale, shift) = (GpuOperand.ViewOrNone(Operation, "weight", weight, channels), GpuOperand.ViewOrNone(Operation, "bias", bias, channels));
        var table = GpuOperand.ViewOrNone(Operation, "saved", saved, Extent.Of(samples, 2L * g.Groups));
        var steps = GpuOperand.Steps(Operation, epilogue, extent);
        var outputs = GpuOperand.Samples(Operation, "y", y, extent);

        var moments = table.Length > 0 ? table : Scratch.Take(samples * 2L * g.Groups);
        var (runChannels, cells) = (g.C / g.Groups, new ChannelCells(g.C, g.Pixels));
        MeasurePlanes(samples, g.Groups, runChannels * g.Pixels, MomentKind.Normalization, g.Eps, values, moments);
        Launch(NormalizeKernels.Groups, cells.GroupsOf(samples), ThreadGroup.Size, new GroupNormalize(
            cells, new FastDivisor(runChannels), g.Groups, values, scale, shift, moments, steps, outputs));
    }

    public void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(GroupNormBackward);
        var samples = slice.LocalSamples;
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, g.Groups, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var (values, gradients) = (GpuOperand.Samples(Operation, "x", x, extent), GpuOperand.Samples(Operation, "dy", dy, extent));
        var saveds = GpuOperand.View(Operation, "saved", saved, Extent.Of(samples, 2L * g.Groups));
        var table = MomentTable.OfSamples(saveds, g.C, g.Groups);
        CheckTargets(Operation, "dweight", slice, dweight, channels);
        CheckTargets(Operation, "dbias", slice, dbias, channels);
        var scale = dx.IsEmpty ? default : GpuOperand.ViewOrNone(Operation, "weight", weight, channels);
        var steps = dx.IsEmpty ? default : GpuOperand.Steps(Operation, epilogue, extent);
        var target = GpuOperand.SamplesOrNone(Operation, "dx", dx, extent);
        if (samples == 0)
        {
            return;
        }

        // Shards are the groups of this tree: nothing is taken from them on the way to the roots.
        var tree = _groupTrees.Of(slice.GroupsOf(1), g.Pixels, pieces: true);
        var (isSummed, piecesArePlanes, runChannels) = (!dweight.IsEmpty || !dbias.IsEmpty, tree.Leaves == samples, g.C / g.Groups);
        var shareElements = samples * 2L * g.Groups;
        var scratch = Scratch.Take(checked((Math.Max(tree.Leaves, samples) * 2L * g.C) + shareElements));
        var (shares, sums) = (scratch.SubView(0, shareElements), scratch.SubView(shareElements));
        if (!dx.IsEmpty || piecesArePlanes)
        {
            SumPieces(samples, g.C, g.Pixels, default, values, gradients, table, sums);
        }

        if (!dx.IsEmpty)
        {
            LaunchThreads(NormGradientKernels.Shares, (long)samples * g.Groups, new GroupNormShares(
                samples * g.Groups, g.C, new FastDivisor(g.Groups), runChannels, runChannels * g.Pixels, scale, sums, shares));
        }

        if (isSummed)
        {
            if (!piecesArePlanes)
            {
                SumPieces(tree.Leaves, g.C, g.Pixels, Reductions.Of(slice, g.Pixels, 1).Pieces, values, gradients, table, sums);
            }

            LaunchGroups(GroupFoldKernels.Sums, tree, g.C, new SumFold(FoldOf(tree, g.C, sums), default));
            FoldRoots(tree, g.C, sums, Operation, "dbias", dbias, "dweight", dweight);
        }

        if (!dx.IsEmpty)
        {
            var cells = new ChannelCells(g.C, g.Pixels);
            Launch(NormGradientKernels.Groups, cells.GroupsOf(samples), ThreadGroup.Size, new GroupNormGradient(
                cells, new FastDivisor(runChannels), g.Groups, values, gradients, scale, saveds, shares, steps, target));
        }
    }
}
