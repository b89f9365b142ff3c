using System.Runtime.InteropServices;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>The devices that a suite runs on, and what it wants of them.</summary>
/// <param name="all">Each serves one call at a time: tests that share them are one collection.</param>
/// <param name="peer">
/// Another device whose bits all of them must have, for what the reference computes in double precision; without one the first has to do.
/// </param>
public sealed class DeviceVariants(IReadOnlyList<Device> all, Device? peer = null)
{
    private const int Gap = 13;

    public static Device Reference { get; } = new ReferenceDevice();

    public IReadOnlyList<Device> All => all;

    /// <summary>Those that must have equal bits in everything: the peer, where there is one, and all.</summary>
    public IReadOnlyList<Device> Alike { get; } = peer is null ? all : [peer, .. all];

    /// <summary>Runs on the reference and on every device, and wants the same bits from all.</summary>
    public void MustEqualReference(string what, Func<Device, float[]> run)
    {
        var expected = run(Reference);
        foreach (var device in All)
        {
            MustEqual($"{what} on {device.Description}", expected, run(device));
        }
    }

    /// <summary>The same of a run that is told the gap between samples: none on the reference, none and some on the devices.</summary>
    public void MustEqualReference(string what, Func<Device, int, float[]> run)
    {
        var expected = run(Reference, 0);
        foreach (var device in All)
        {
            MustEqual($"{what} on {device.Description}", expected, run(device, 0));
            MustEqual($"{what}, samples apart, on {device.Description}", expected, run(device, Gap));
        }
    }

    /// <summary>The same bits from all, and each value within tolerance of the reference's.</summary>
    public void MustAgree(string what, float tolerance, Func<Device, float[]> run)
    {
        var (near, first) = (run(Reference), MustBeAlike(what, run));
        for (var i = 0; i < near.Length; i++)
        {
            Assert.True(MathF.Abs(near[i] - first[i]) <= tolerance, $"{what}: element {i} is {first[i]:R}, the reference has {near[i]:R}.");
        }
    }

    /// <summary>The same bits from all, which are returned.</summary>
    public float[] MustBeAlike(string what, Func<Device, float[]> run)
    {
        var first = run(Alike[0]);
        foreach (var device in Alike.Skip(1))
        {
            MustEqual($"{what} on {device.Description}", first, run(device));
        }

        return first;
    }

    /// <summary>Bit for bit, but that a NaN is a NaN: which one an operation makes, IEEE 754 leaves open.</summary>
    public static void MustEqual(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        if (MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(actual)))
        {
            return;
        }

        for (var i = 0; i < expected.Length; i++)
        {
            var areNaN = float.IsNaN(expected[i]) && float.IsNaN(actual[i]);
            if (!areNaN && BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
            {
                Assert.Fail($"{what}: element {i} of {expected.Length} is {actual[i]:R}, expected {expected[i]:R}.");
            }
        }
    }
}
