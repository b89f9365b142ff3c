using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>Products in TF32, in both tile sizes, against the CPU that emulates it: near it, since tensor cores add in an order that nobody tells.</summary>
internal static class TensorCoreCases
{
    private const float Tolerance = 1e-4f;
    private const int Shards = 3;

    /// <summary>Of each product a narrow and a wide one; patches, strides, and what Winograd takes.</summary>
    private static readonly (Conv2dGeometry Geometry, int Samples)[] Convolutions =
    [
        (new(6, 14, 14, 16, 5, 5, 1, 1, 0, 0), 5),
        (new(101, 13, 11, 131, 2, 3, 2, 1, 1, 1), 5),
        (new(17, 6, 9, 35, 3, 3, 1, 1, 1, 1), 5),
        (new(131, 14, 14, 137, 3, 3, 1, 1, 1, 1), 7),
    ];

    private static readonly (int Inputs, int Outputs, int Samples)[] Linears = [(401, 33, 31), (131, 137, 139)];

    public static DevicePart Part => new(Topic.Bits, "TensorCores",
    [
        .. Convolutions.Select(shape => new CheckCase($"{shape.Geometry.C} to {shape.Geometry.K} channels, {shape.Geometry.R} x {shape.Geometry.S}", device => Compare(device, compared => Convolve(compared, shape.Geometry, shape.Samples)))),
        .. Linears.Select(shape => new CheckCase($"linear {shape.Inputs} to {shape.Outputs}", device => Compare(device, compared => Multiply(compared, shape.Inputs, shape.Outputs, shape.Samples)))),
    ]);

    private static CaseResult Compare(Device device, Func<Device, float[][]> run)
    {
        if (!device.CanCompute(ComputePrecision.Tf32))
        {
            return new CaseResult(Outcome.Skipped, $"{device.Description} has no tensor cores.");
        }

        using var cpu = CpuDevice.Create();
        string[] names = ["y", "dx", "dw"];
        var far = names.Zip(run(cpu), run(device)).Select(one => (Name: one.First, Error: RelativeError(one.Second, one.Third))).Where(one => !(one.Error <= Tolerance)).ToList();
        return far.Count == 0 ? new CaseResult(Outcome.Near) : new CaseResult(Outcome.Differs, string.Join("; ", far.Select(one => $"{one.Name} is off by {one.Error:G3} of its size")));
    }

    private static double RelativeError(float[] expected, float[] found) => Math.Sqrt(
        expected.Zip(found, (one, other) => Math.Pow((double)one - other, 2)).Sum() / expected.Sum(one => Math.Pow(one, 2)));

    private static float[][] Convolve(Device device, Conv2dGeometry g, int samples)
    {
        using var tensors = new Guarded();
        var o = new Operands(tensors, device, samples * g.C * g.H * g.W, g.K * g.Reduction, samples * g.K * g.P * g.Q);
        var products = device.ProductsIn(ComputePrecision.Tf32);
        products.Conv2dForward(g, samples, o.X, o.W, default, Activation.None, o.Y);
        products.Conv2dBackwardData(g, samples, o.Dy, o.W, GradientEpilogue.None, o.Dx);
        products.Conv2dBackwardWeights(g, BatchSlice.Whole(samples, Shards), o.X, o.Dy, [o.Dw], []);
        return o.Read(device);
    }

    private static float[][] Multiply(Device device, int inputs, int outputs, int samples)
    {
        using var tensors = new Guarded();
        var o = new Operands(tensors, device, samples * inputs, inputs * outputs, samples * outputs);
        var products = device.ProductsIn(ComputePrecision.Tf32);
        products.LinearForward(inputs, outputs, samples, o.X, o.W, default, Activation.None, o.Y);
        products.LinearBackwardData(inputs, outputs, samples, o.Dy, o.W, GradientEpilogue.None, o.Dx);
        products.LinearBackwardWeights(inputs, outputs, BatchSlice.Whole(samples, Shards), o.X, o.Dy, [o.Dw], []);
        return o.Read(device);
    }

    private sealed class Operands(Guarded tensors, Device device, int x, int w, int y)
    {
        public Tensor X { get; } = tensors.Input(device, TestData.Values(x, 1));

        public Tensor W { get; } = tensors.Input(device, TestData.Values(w, 2));

        public Tensor Dy { get; } = tensors.Input(device, TestData.Values(y, 3));

        public Tensor Y { get; } = tensors.Output(device, y);

        public Tensor Dx { get; } = tensors.Output(device, x);

        public Tensor Dw { get; } = tensors.Output(device, w);

        public float[][] Read(Device from) => [from.Read(Y), from.Read(Dx), from.Read(Dw)];
    }
}
