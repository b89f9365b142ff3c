using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Every way in which this processor can run the CPU device, beside the naive reference.</summary>
public static class CpuVariants
{
    /// <summary>The collection of tests that share these devices, each of which serves one call at a time.</summary>
    public const string Serial = "cpu devices";

    private static readonly int[] ThreadCounts = [1, 2, 7];

    public static Device Reference { get; } = new ReferenceDevice();

    /// <summary>Instruction set by number of threads, as far as the processor goes.</summary>
    public static IReadOnlyList<Device> All { get; } =
    [
        .. from set in Enum.GetValues<InstructionSet>()
           where InstructionSets.IsSupported(set)
           from threads in ThreadCounts
           select CpuDevice.Create(threads, set),
    ];

    /// <summary>Runs on the reference and on every variant, and wants the same bits from all.</summary>
    public static void MustEqualReference(string what, Func<Device, float[]> run)
    {
        var expected = run(Reference);
        foreach (var device in All)
        {
            MustEqual($"{what} on {device.Description}", expected, run(device));
        }
    }

    /// <summary>Runs on every variant: the same bits from all, and each value within tolerance of the reference's.</summary>
    public static void MustAgree(string what, float tolerance, Func<Device, float[]> run)
    {
        var (near, first) = (run(Reference), run(All[0]));
        for (var i = 0; i < near.Length; i++)
        {
            Assert.True(MathF.Abs(near[i] - first[i]) <= tolerance, $"{what}: element {i} is {first[i]:R}, the reference has {near[i]:R}.");
        }

        foreach (var device in All.Skip(1))
        {
            MustEqual($"{what} on {device.Description}", first, run(device));
        }
    }

    public static void MustEqual(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
            {
                Assert.Fail($"{what}: element {i} of {expected.Length} is {actual[i]:R}, expected {expected[i]:R}.");
            }
        }
    }
}

/// <summary>Tensors that lie unaligned between guards, so that a write beyond an end is found.</summary>
public sealed class Guarded : IDisposable
{
    private const int Before = 5;
    private const int After = 37;
    private const float Guard = -12345.678f;
    private readonly List<Tensor> _tensors = [];

    public Tensor Input(Device device, ReadOnlySpan<float> values)
    {
        var tensor = Reserve(device, values.Length);
        values.CopyTo(tensor.Host);
        return tensor;
    }

    /// <summary>Holds NaN, so that what is not written is found.</summary>
    /// <param name="aligned">To a cache line, for once.</param>
    public Tensor Output(Device device, long elements, bool aligned = false)
    {
        var tensor = Reserve(device, elements, aligned ? 16 : Before);
        tensor.Host.Fill(float.NaN);
        return tensor;
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors)
        {
            var memory = tensor.Memory.Host;
            Assert.Equal(-1, memory[..(int)tensor.Offset].IndexOfAnyExcept(Guard));
            Assert.Equal(-1, memory[^After..].IndexOfAnyExcept(Guard));
            tensor.Memory.Dispose();
        }
    }

    private Tensor Reserve(Device device, long elements, int before = Before)
    {
        var memory = device.Allocate(before + elements + After);
        memory.Host.Fill(Guard);
        var tensor = new Tensor(memory, before, elements);
        _tensors.Add(tensor);
        return tensor;
    }
}
