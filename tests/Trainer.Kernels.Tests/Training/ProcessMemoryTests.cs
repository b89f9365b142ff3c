using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>What the process may hold, and what it holds: alone, for other tests take memory and give it back.</summary>
[Collection(nameof(AllocationTests))]
public sealed class ProcessMemoryTests
{
    private const int Samples = 256;
    private const int Shards = 16;

    /// <summary>The limit is the process's: what it holds besides, here half of it, is not there for the network.</summary>
    [Fact]
    public void A_limit_of_the_process_counts_whatever_it_holds()
    {
        const long MiB = 1 << 20;
        using var device = CpuDevice.Create(1);
        using var other = CpuDevice.Create(1);
        device.ProcessLimit = ProcessMemory.Held + (600 * MiB);
        var before = device.AvailableMemory!.Value;
        using var held = other.Allocate(300 * MiB / sizeof(float));

        Assert.InRange(before, 300 * MiB, 536 * MiB); // Less an eighth of the limit.
        Assert.InRange(before - device.AvailableMemory.Value, 270 * MiB, 330 * MiB);

        var model = new Model(new Shape(64, 64, 64), new Conv2d(64, 1), new ReLU(), new AdaptiveAvgPool2d(1), new Flatten(), new Linear(5));
        var options = NetworkFit.Of(model, device, new Sgd(0.1), new NetworkOptions(Samples, MaxGroups: Shards), [BatchSlice.Whole(Samples, Shards, model.GroupShards(Samples, Shards))]);
        Assert.InRange(options.Parts!.Shards, 1, Shards / 2);
    }

    [Fact]
    public void A_tensor_that_would_take_the_process_beyond_its_limit_is_refused_with_the_bytes()
    {
        using var device = CpuDevice.Create(1);
        device.ProcessLimit = ProcessMemory.Held + (100L << 20);

        var refused = Assert.Throws<DeviceMemoryException>(() => device.Allocate((200L << 20) / sizeof(float)));

        Assert.Matches(@"^cpu: a tensor of 209,715,200 bytes does not fit: the process holds [\d,]+ and may hold [\d,]+\.$", refused.Message);
        Assert.Equal(0, device.AllocatedMemory);
    }
}
