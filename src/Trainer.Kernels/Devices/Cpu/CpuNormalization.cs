using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Normalization;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Batch and group normalisation, and that by neighbouring channels.</summary>
internal sealed unsafe class CpuNormalization<TSimd, TVector>(ThreadTeam team, Scratch scratch) : INormalization, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly BatchNormWork<TSimd, TVector> _batchNorm = new(team, scratch);
    private readonly GroupNormWork<TSimd, TVector> _groupNorm = new(team);
    private readonly LocalResponseWork<TSimd, TVector> _localResponse = new(team);
    private readonly ChannelGradients<TSimd, TVector> _channelGradients = new(team, scratch);
    private readonly ReductionPlan _plan = new();
    private readonly RootTargets _targets = new();
    private readonly RootTargets _otherTargets = new();

    public void BatchNormForward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor weight, Tensor bias, Tensor saved,
        ReadOnlySpan<Tensor> meanSums, ReadOnlySpan<Tensor> varianceSums, in OutputEpilogue epilogue, Tensor y, GroupParts? parts = null)
    {
        const string Operation = nameof(BatchNormForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var groups = GeometryChecks.CheckGroups(Operation, slice, g, parts);
        _batchNorm.Forward(
            g,
            groups,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.AddressOrNull(Operation, "bias", bias, channels),
            Operand.AddressOrNull(Operation, "saved", saved, Extent.Of(groups.Count, 2L * g.C)),
            _targets.OfOrNull(Operation, "meanSums", slice, meanSums, channels),
            _otherTargets.OfOrNull(Operation, "varianceSums", slice, varianceSums, channels),
            parts,
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void BatchNormInference(
        in BatchNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, in OutputEpilogue epilogue, Tensor y,
        Tensor saved = default, int groups = 0)
    {
        const string Operation = nameof(BatchNormInference);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        _batchNorm.Inference(
            g,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.AddressOrNull(Operation, "bias", bias, channels),
            Operand.Address(Operation, "mean", mean, channels),
            Operand.Address(Operation, "variance", variance, channels),
            Operand.AddressOrNull(Operation, "saved", saved, Extent.Of(groups, 2L * g.C)),
            groups,
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void BatchNormBackward(
        in BatchNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx, GroupParts? parts = null)
    {
        const string Operation = nameof(BatchNormBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var groups = GeometryChecks.CheckGroups(Operation, slice, g, parts);
        _plan.Describe(slice, g.Pixels, 1);
        _batchNorm.Backward(
            g,
            groups,
            _plan,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.Address(Operation, "saved", saved, Extent.Of(groups.Count, 2L * g.C)),
            _targets.OfOrNull(Operation, "dweight", slice, dweight, channels),
            _otherTargets.OfOrNull(Operation, "dbias", slice, dbias, channels),
            parts,
            dx.IsEmpty ? default : Operand.Steps(Operation, epilogue, extent),
            Operand.SamplesOrNone(Operation, "dx", dx, extent));
    }

    public void GroupNormForward(
        in GroupNormGeometry g, int samples, Tensor x, Tensor weight, Tensor bias, Tensor saved, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(GroupNormForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, g.Groups, samples);
        var (extent, channels) = (Extent.Of(samples, g.C, 1, g.Pixels), Extent.Of(g.C));
        _groupNorm.Forward(
            g,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "weight", weight, channels),
            Operand.AddressOrNull(Operation, "bias", bias, channels),
            Operand.AddressOrNull(Operation, "saved", saved, Extent.Of(samples, 2L * g.Groups)),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void GroupNormBackward(
        in GroupNormGeometry g, BatchSlice slice, Tensor x, Tensor dy, Tensor weight, Tensor saved,
        ReadOnlySpan<Tensor> dweight, ReadOnlySpan<Tensor> dbias, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(GroupNormBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, g.Groups, slice.LocalSamples);
        var (extent, channels) = (Extent.Of(slice.LocalSamples, g.C, 1, g.Pixels), Extent.Of(g.C));
        var (values, gradients) = (Operand.Samples(Operation, "x", x, extent), Operand.Samples(Operation, "dy", dy, extent));
        var moments = Operand.Address(Operation, "saved", saved, Extent.Of(slice.LocalSamples, 2L * g.Groups));
        _plan.Describe(slice, g.Pixels, 1);
        _channelGradients.Execute(
            _plan,
            g,
            values,
            gradients,
            moments,
            _targets.OfOrNull(Operation, "dweight", slice, dweight, channels),
            _otherTargets.OfOrNull(Operation, "dbias", slice, dbias, channels));
        if (!dx.IsEmpty)
        {
            _groupNorm.Backward(
                g,
                slice.LocalSamples,
                values,
                gradients,
                Operand.AddressOrNull(Operation, "weight", weight, channels),
                moments,
                Operand.Steps(Operation, epilogue, extent),
                Operand.Samples(Operation, "dx", dx, extent));
        }
    }

    public void LocalResponseForward(in LocalResponseGeometry g, int samples, Tensor x, Tensor saved, Tensor y)
    {
        const string Operation = nameof(LocalResponseForward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var extent = Extent.Of(samples, g.C, 1, g.Pixels);
        _localResponse.Forward(
            g,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.AddressOrNull(Operation, "saved", saved, Extent.Of(samples, 2, g.C, g.Pixels)),
            Operand.Samples(Operation, "y", y, extent));
    }

    public void LocalResponseBackward(in LocalResponseGeometry g, int samples, Tensor x, Tensor dy, Tensor saved, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(LocalResponseBackward);
        GeometryChecks.CheckChannels(Operation, g.C, g.Pixels, 1, samples);
        var extent = Extent.Of(samples, g.C, 1, g.Pixels);
        _localResponse.Backward(
            g,
            samples,
            Operand.Samples(Operation, "x", x, extent),
            Operand.Samples(Operation, "dy", dy, extent),
            Operand.Address(Operation, "saved", saved, Extent.Of(samples, 2, g.C, g.Pixels)),
            Operand.Steps(Operation, epilogue, extent),
            Operand.Samples(Operation, "dx", dx, extent));
    }

    public void Dispose()
    {
        _batchNorm.Dispose();
        _targets.Dispose();
        _otherTargets.Dispose();
    }
}
