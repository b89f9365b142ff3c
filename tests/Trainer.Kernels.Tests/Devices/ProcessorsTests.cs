using System.Collections.Concurrent;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>Which processors a device's threads keep to, and those of NUMA nodes.</summary>
public sealed class ProcessorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static Processors Mine => Processors.Parse(AllowedHere());

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("5", "5", 1)]
    [InlineData("0-3,8\n", "0-3,8", 5)]
    [InlineData("9,1-2,3,70-71", "1-3,9,70-71", 6)]
    public void A_list_is_read_and_written_as_the_kernel_does(string list, string written, int count)
    {
        var processors = Processors.Parse(list);

        Assert.Equal((written, count), ($"{processors}", processors.Count));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    public void What_is_no_list_is_refused(string list) => Assert.Throws<FormatException>(() => Processors.Parse(list));

    /// <summary>Node 1 has none that the process may use, node 2 has memory alone; node 10 comes behind node 3.</summary>
    [Fact]
    public void Of_a_node_those_count_that_the_process_may_use()
    {
        foreach (var (node, list) in new[] { ("node0", "0-3,16-19"), ("node1", "4-7"), ("node2", "\n"), ("node10", "12-15"), ("node3", "8-11") })
        {
            Directory.CreateDirectory(Path.Combine(_folder.Path, "nodes", node));
            File.WriteAllText(Path.Combine(_folder.Path, "nodes", node, "cpulist"), list);
        }

        var status = Path.Combine(_folder.Path, "status");
        File.WriteAllText(status, "Name:\ttrainer\nCpus_allowed:\tff\nCpus_allowed_list:\t2-3,9-18\n");

        Assert.Equal(["2-3,16-18", "9-11", "12-15"], NumaNodes.List(Path.Combine(_folder.Path, "nodes"), status).Select(node => $"{node}"));
        Assert.Equal(["2-3,9-18"], NumaNodes.List(Path.Combine(_folder.Path, "none"), status).Select(node => $"{node}"));
    }

    [Fact]
    public void A_machine_has_a_node_at_least_and_its_processors_are_this_ones() =>
        Assert.Equal(Mine.Count, NumaNodes.List().Sum(node => node.Count));

    [Fact]
    public void The_threads_of_a_device_keep_to_its_processors_and_so_does_the_one_that_calls_it()
    {
        var last = Processors.Parse($"{Mine}".Split(',', '-')[^1]);
        using var device = CpuDevice.Create(3, last);
        using var team = new ThreadTeam(3, last);
        var (work, before, bound) = (new Seen(3), AllowedHere(), "");
        var caller = new Thread(() =>
        {
            device.Bind();
            bound = AllowedHere();
            team.Run(work, 3);
        });
        caller.Start();
        caller.Join();

        Assert.Equal($"{last}", bound);
        Assert.Equal([$"{last}", $"{last}", $"{last}"], work.Allowed);
        Assert.Equal(before, AllowedHere());
        Assert.EndsWith($", 3 threads on processor {last}", device.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Processors_that_are_not_there_are_an_error()
    {
        using var device = CpuDevice.Create(1, Processors.Parse("8190-8191"));

        Assert.StartsWith("A thread cannot keep to processors 8190-8191: ", Assert.Throws<DeviceException>(device.Bind).Message, StringComparison.Ordinal);
    }

    private static string AllowedHere()
    {
        const string Allowed = "Cpus_allowed_list:";
        return File.ReadLines("/proc/thread-self/status").Single(line => line.StartsWith(Allowed, StringComparison.Ordinal))[Allowed.Length..].Trim();
    }

    /// <summary>Each piece waits until all have begun, so that each has a thread of its own.</summary>
    private sealed class Seen(int pieces) : ParallelWork
    {
        private readonly Barrier _all = new(pieces);

        public ConcurrentBag<string> Allowed { get; } = [];

        public override void Run(int piece, int thread)
        {
            _all.SignalAndWait();
            Allowed.Add(AllowedHere());
        }
    }
}
