using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Devices.Operands;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Devices.Cpu;

/// <summary>Products on a CPU that take TF32: their operands are rounded into scratch memory, then multiplied exactly.</summary>
/// <remarks>
/// An emulation: it shows what tensor cores do to a training, and takes longer than exact products do. Sums are those of the exact products, in the order of
/// the canonical arithmetic (by Winograd where it goes that way). Tensor cores add in an order of their own, so that their numerics id is another.
/// Memory: the largest activation and the largest weight of a product once more.
/// </remarks>
internal sealed class Tf32Emulation(IProducts exact, ThreadTeam team, Func<long, DeviceMemory> allocate) : IProducts
{
    private readonly Tf32Operand _activations = new(allocate, team);
    private readonly Tf32Operand _others = new(allocate, team);

    public static string NumericsId => $"{Numerics.Id}+tf32-emulated";

    public void Conv2dForward(in Conv2dGeometry g, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(Conv2dForward);
        GeometryChecks.Check(Operation, g, samples);
        var images = _activations.Round(Operation, "x", x, Extent.Of(samples, g.C, g.H, g.W));
        exact.Conv2dForward(g, samples, images, Filters(Operation, g, w), b, epilogue, y);
    }

    public void Conv2dBackwardData(in Conv2dGeometry g, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(Conv2dBackwardData);
        GeometryChecks.Check(Operation, g, samples);
        var gradients = _activations.Round(Operation, "dy", dy, Extent.Of(samples, g.K, g.P, g.Q));
        exact.Conv2dBackwardData(g, samples, gradients, Filters(Operation, g, w), epilogue, dx);
    }

    public void Conv2dBackwardWeights(
        in Conv2dGeometry g, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(Conv2dBackwardWeights);
        GeometryChecks.Check(Operation, g, slice.LocalSamples);
        exact.Conv2dBackwardWeights(g, slice, x, dy, [], db);
        var images = _activations.Round(Operation, "x", x, Extent.Of(slice.LocalSamples, g.C, g.H, g.W));
        var gradients = _others.Round(Operation, "dy", dy, Extent.Of(slice.LocalSamples, g.K, g.P, g.Q));
        exact.Conv2dBackwardWeights(g, slice, images, gradients, dw, []);
    }

    public void LinearForward(int inputs, int outputs, int samples, Tensor x, Tensor w, Tensor b, in OutputEpilogue epilogue, Tensor y)
    {
        const string Operation = nameof(LinearForward);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        var values = _activations.Round(Operation, "x", x, Extent.Of(samples, inputs));
        exact.LinearForward(inputs, outputs, samples, values, _others.Round(Operation, "w", w, Extent.Of(outputs, inputs)), b, epilogue, y);
    }

    public void LinearBackwardData(int inputs, int outputs, int samples, Tensor dy, Tensor w, in GradientEpilogue epilogue, Tensor dx)
    {
        const string Operation = nameof(LinearBackwardData);
        GeometryChecks.Check(Operation, inputs, outputs, samples);
        var gradients = _activations.Round(Operation, "dy", dy, Extent.Of(samples, outputs));
        exact.LinearBackwardData(inputs, outputs, samples, gradients, _others.Round(Operation, "w", w, Extent.Of(outputs, inputs)), epilogue, dx);
    }

    public void LinearBackwardWeights(
        int inputs, int outputs, BatchSlice slice, Tensor x, Tensor dy, ReadOnlySpan<Tensor> dw, ReadOnlySpan<Tensor> db)
    {
        const string Operation = nameof(LinearBackwardWeights);
        GeometryChecks.Check(Operation, inputs, outputs, slice.LocalSamples);
        exact.LinearBackwardWeights(inputs, outputs, slice, x, dy, [], db);
        var values = _activations.Round(Operation, "x", x, Extent.Of(slice.LocalSamples, inputs));
        var gradients = _others.Round(Operation, "dy", dy, Extent.Of(slice.LocalSamples, outputs));
        exact.LinearBackwardWeights(inputs, outputs, slice, values, gradients, dw, []);
    }

    private Tensor Filters(string operation, in Conv2dGeometry g, Tensor w) =>
        _others.Round(operation, "w", w, Extent.Of(g.K, g.C / g.Groups, g.R, g.S));
}
