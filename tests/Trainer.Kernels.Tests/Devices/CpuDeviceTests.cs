using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Geometries;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Devices;

public class CpuDeviceTests
{
    private static readonly Conv2dGeometry Geometry = new(3, 8, 9, 7, 3, 3, 1, 1, 1, 1);
    private static readonly Pool2dGeometry Overlapping = new(7, 8, 9, 3, 3, 1, 1, 1, 1);
    private static readonly Pool2dGeometry Pooling = new(7, 8, 9, 2, 2, 2, 2, 0, 0);

    [Fact]
    public void A_device_describes_itself()
    {
        using var device = CpuDevice.Create(2);
        Assert.Equal(("cpu", 2), (device.Name, device.Threads));
        Assert.EndsWith($", {InstructionSets.NameOf(InstructionSets.Best)}, 2 threads", device.Description);
        using var all = CpuDevice.Create();
        Assert.Equal(Environment.ProcessorCount, all.Threads);
        Assert.Equal(device.NumericsId, all.NumericsId);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_warm_device_allocates_nothing_on_the_managed_heap(int threads)
    {
        using var device = CpuDevice.Create(threads);
        using var operands = new Operands(device);

        // The runtime allocates when it compiles a method anew, which it does once; an operation that allocates does so each time.
        var fewest = long.MaxValue;
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            operands.RunAll();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, fewest);
    }

    [Fact]
    public void Memory_is_zeroed_aligned_and_safe_to_dispose_twice()
    {
        using var device = CpuDevice.Create(1);
        var memory = device.Allocate(1001);
        Assert.Equal(1001, memory.Elements);
        Assert.Equal(-1, memory.Host.IndexOfAnyExcept(0f));
        unsafe
        {
            fixed (float* first = memory.Host)
            {
                Assert.Equal(0, (nint)first % 64);
            }
        }

        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Host.Length);
        var tensor = new Tensor(memory, 0, 1001);
        Assert.Throws<ObjectDisposedException>(() => device.Elementwise.ActivationForward(Activation.Sigmoid, 1001, 1, tensor, tensor));
    }

    [Fact]
    public void Disposing_a_device_frees_its_memory()
    {
        var device = CpuDevice.Create(2);
        var memory = device.Allocate(10);
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Host.Length);
        device.Dispose();
    }

    [Fact]
    public void Wrong_operands_are_named_with_what_they_have_and_need()
    {
        using var device = CpuDevice.Create(1);
        var (x, w, y, two) = (device.Zeros(2 * 3 * 8 * 9), device.Zeros(7 * 27), device.Zeros(2 * 7 * 8 * 9), device.Zeros(2));
        void Fails(string message, Action call) => Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(call).Message);

        Fails("Conv2dForward: x has 431 elements, (2,3,8,9) needs 432.", () =>
            device.Products.Conv2dForward(Geometry, 2, x.Slice(0, 431), w, default, Activation.None, y));
        Fails("Conv2dForward: w is empty, (7,3,3,3) needs 189 elements.", () =>
            device.Products.Conv2dForward(Geometry, 2, x, default, default, Activation.None, y));
        Fails("Conv2dForward: x covers elements [1, 433), its memory has 432.", () =>
            device.Products.Conv2dForward(Geometry, 2, x.Slice(1, 432), w, default, Activation.None, y));
        Fails("Conv2dForward: window (3, 3) is larger than image (1, 9) with padding (0, 0).", () =>
            device.Products.Conv2dForward(Geometry with { H = 1, PadH = 0, PadW = 0 }, 2, x, w, default, Activation.None, y));
        Fails("Conv2dBackwardWeights: dw has 1 tensors, the slice has 2 roots.", () =>
            device.Products.Conv2dBackwardWeights(Geometry, new BatchSlice(2, 2, [new(0, 1), new(1, 2)]), x, y, [w], []));
        Fails("LinearForward: 0 inputs and 3 outputs, expected at least 1 of each.", () =>
            device.Products.LinearForward(0, 3, 2, x, w, default, Activation.None, y));
        Fails("SoftmaxCrossEntropy: label 7 of sample 1, expected 0 to 6.", () =>
            device.Losses.SoftmaxCrossEntropy(default, 7, 2, y, device.Place([6, 7]), two, two, default));
        Fails("SoftmaxCrossEntropy: loss has 1 elements, (2) needs 2.", () =>
            device.Losses.SoftmaxCrossEntropy(default, 7, 2, y, device.Place([6, 6]), device.Zeros(1), two, default));
        Fails("ActivationForward: x is in memory of another device (ArrayMemory), expected this CPU's.", () =>
            device.Elementwise.ActivationForward(Activation.Sigmoid, 3, 1, DeviceVariants.Reference.Zeros(3), y));
    }

    /// <summary>One of each operation.</summary>
    private sealed class Operands : IDisposable
    {
        private const int Samples = 21;
        private readonly Device _device;
        private readonly List<DeviceMemory> _memories = [];
        private readonly BatchSlice _slice = new(Samples, 8, [new(0, 4), new(4, 8)]);
        private readonly Tensor _x;
        private readonly Tensor _w;
        private readonly Tensor _y;
        private readonly Tensor _pooled;
        private readonly Tensor _chosen;
        private readonly Tensor _saved;
        private readonly BatchSlice _grouped = new(Samples, 8, [new(0, 4), new(4, 8)], 2);
        private readonly Tensor[] _dw;
        private readonly Tensor[] _db;
        private readonly Tensor _labels;
        private readonly Tensor _loss;
        private readonly Tensor _correct;

        public Operands(Device device)
        {
            _device = device;
            (_x, _w, _y) = (Of(Samples * 3 * 72), Of(7 * 27), Of(Samples * 7 * 72));
            _pooled = Of(Samples * 7 * Pooling.P * Pooling.Q);
            (_chosen, _saved) = (Of(Samples * 7 * 72), Of(Samples * 7 * 2));
            (_labels, _loss, _correct) = (Of(Samples), Of(Samples), Of(Samples));
            (_dw, _db) = ([Of(7 * 27), Of(7 * 27)], [Of(7), Of(7)]);
        }

        public void RunAll()
        {
            var previous = new GradientEpilogue(Activation.Sigmoid, _x);
            _device.Products.Conv2dForward(Geometry, Samples, _x, _w, _db[0], Activation.Sigmoid, _y);
            _device.Pooling.AvgPool2dForward(Pooling, true, Samples, _y, OutputEpilogue.None, _pooled);
            _device.Pooling.AvgPool2dBackward(Pooling, true, Samples, _pooled, new GradientEpilogue(Activation.Sigmoid, _y), _y);
            _device.Products.Conv2dBackwardWeights(Geometry, _slice, _x, _y, _dw, _db);
            _device.Products.Conv2dBackwardData(Geometry, Samples, _y, _w, previous, _x);
            _device.Products.LinearForward(27, 7, Samples, _x, _w, _db[0], Activation.Sigmoid, _y);
            _device.Products.LinearBackwardWeights(27, 7, _slice, _x, _y, _dw, _db);
            _device.Products.LinearBackwardData(27, 7, Samples, _y, _w, previous, _x);
            _device.Elementwise.ActivationForward(Activation.Sigmoid, _x.Elements, 1, _x, _x);
            _device.Elementwise.ActivationBackward(Activation.Sigmoid, _x.Elements, 1, _x, _x, GradientEpilogue.None, _x);
            _device.Losses.SoftmaxCrossEntropy(default, 7, Samples, _y, _labels, _loss, _correct, _y);
            RunLayers();
            _device.Updates.Update(
                [new UpdateRun(UpdateRule.Sgd, _w.Elements) { LearningRate = 0.1f, Momentum = 0.9f, WeightDecay = 0.01f }],
                1, _dw[0], [_w, _dw[1]], [_w, _dw[1]], stackalloc ulong[2], stackalloc ulong[2]);
            _device.Updates.Hash(_w, stackalloc ulong[1]);
        }

        private void RunLayers()
        {
            var previous = new GradientEpilogue(Activation.Relu, _y, _y);
            _device.Pooling.MaxPool2dForward(Pooling, Samples, _y, Activation.Relu, _pooled, _chosen);
            _device.Pooling.MaxPool2dBackward(Pooling, Samples, _pooled, _chosen, previous, _y);
            _device.Pooling.MaxPool2dForward(Overlapping, Samples, _y, Activation.Relu, _y, _chosen);
            _device.Pooling.MaxPool2dBackward(Overlapping, Samples, _y, _chosen, previous, _y);
            _device.Pooling.AdaptiveAvgPool2dForward(new(7, 8, 9, 3, 2), Samples, _y, OutputEpilogue.None, _pooled);
            _device.Pooling.AdaptiveAvgPool2dBackward(new(7, 8, 9, 3, 2), Samples, _pooled, previous, _y);
            _device.Normalization.BatchNormForward(new(7, 72, 1e-5f), _grouped, _y, _db[0], _db[0], _saved, _db, _db, Activation.Relu, _y);
            _device.Normalization.BatchNormBackward(new(7, 72, 1e-5f), _grouped, _y, _y, _db[0], _saved, _db, _db, previous, _y);
            _device.Normalization.BatchNormInference(new(7, 72, 1e-5f), Samples, _y, _db[0], _db[0], _db[0], _db[1], Activation.Relu, _y);
            _device.Normalization.GroupNormForward(new(6, 72, 3, 1e-5f), Samples, _y, _db[0], _db[0], _saved, Activation.Gelu, _y);
            _device.Normalization.GroupNormBackward(new(6, 72, 3, 1e-5f), _slice, _y, _y, _db[0], _saved, _db, _db, previous, _y);
            _device.Elementwise.DropoutForward(new(0.5, 1, 2, 3, false), 7, 72, _slice, _y, _y);
            _device.Elementwise.DropoutBackward(new(0.5, 1, 2, 3, true), 7, 72, _slice, _y, previous, _y);
            _device.Elementwise.Add(7 * 72, Samples, _y, new OutputEpilogue(Activation.Relu, _y), _y);
            _device.Elementwise.AddBackward(7 * 72, Samples, _y, previous, _y);
            _device.Elementwise.SoftmaxForward(7, 72, Samples, true, _y, _y);
            _device.Elementwise.SoftmaxBackward(7, 72, Samples, true, _y, _y, previous, _y);
            _device.Losses.SquaredError(new(1, 1), 7, Samples, _y, _y, _loss, _correct, _y);
            _device.Losses.BinaryCrossEntropy(new(1, 1), 7, Samples, _x, _x, _y, _y, _loss, _correct, _y);
            _device.Updates.SquaredNorm(_y);
        }

        public void Dispose() => _memories.ForEach(memory => memory.Dispose());

        private Tensor Of(long elements)
        {
            _memories.Add(_device.Allocate(elements));
            return new Tensor(_memories[^1], 0, elements);
        }
    }
}
