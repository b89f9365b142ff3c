using Trainer.Cli.Commands;
using Trainer.Cli.Local;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Gpu;

namespace Trainer.Cli.Tests;

public sealed class DevicesCommandTests : IDisposable
{
    private static readonly DeviceListing[] Some =
    [
        new("cpu", "AMD EPYC, AVX-512, 2 threads", 8L << 30, "canonical-4", IsGpu: false, Obstacle: null),
        new("cuda:0", "NVIDIA H100, compute capability 9.0", 80L << 30, "canonical-4", IsGpu: true, Obstacle: null),
        new("cuda:1", "NVIDIA H100, compute capability 9.0", 80L << 30, "canonical-4", IsGpu: true, Obstacle: null),
        new("opencl:0", "pthread-znver4, a CPU", 8L << 30, "", IsGpu: false, "it does not have the generic address space"),
        new("opencl:1", "gfx1100", 24L << 30, "canonical-4+opencl(AMD, gfx1100, 3602)", IsGpu: true, Obstacle: null),
    ];

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_table_says_what_can_be_used_what_auto_takes_and_why_the_rest_cannot() => Assert.Equal(
        """
        NAME      DEVICE                               MEMORY    NUMERICS                                USABLE
        cpu       AMD EPYC, AVX-512, 2 threads         8.0 GiB   canonical-4                             yes
        cuda:0    NVIDIA H100, compute capability 9.0  80.0 GiB  canonical-4                             yes; auto takes it
        cuda:1    NVIDIA H100, compute capability 9.0  80.0 GiB  canonical-4                             yes
        opencl:0  pthread-znver4, a CPU                8.0 GiB   -                                       no: it does not have the generic address space
        opencl:1  gfx1100                              24.0 GiB  canonical-4+opencl(AMD, gfx1100, 3602)  yes
        """,
        DevicesCommand.Text(Some, null));

    [Fact]
    public void Json_has_the_same_for_scripts()
    {
        var devices = DevicesCommand.Json(Some)["devices"]!.AsArray();

        Assert.Equal(["cuda:0"], devices.Where(device => (bool)device!["auto"]!).Select(device => (string?)device!["name"]));
        Assert.Equal(["opencl:0"], devices.Where(device => !(bool)device!["usable"]!).Select(device => (string?)device!["name"]));
        Assert.Equal(("opencl", 24L << 30, null), ((string?)devices[4]!["kind"], (long)devices[4]!["memory_bytes"]!, (string?)devices[4]!["obstacle"]));
    }

    [Fact]
    public async Task This_machine_has_a_cpu_and_an_answer_about_every_kind()
    {
        var run = await CommandRun.InAsync(_home.Path, "devices", "--output", "json");

        var devices = run.JsonLines.Single()["devices"]!.AsArray();
        Assert.Equal(("cpu", true), ((string?)devices[0]!["name"], (bool)devices[0]!["usable"]!));
        Assert.Equal(["cpu", "cuda", "opencl"], devices.Select(device => (string?)device!["kind"]).Distinct());
        Assert.All(devices, device => Assert.Equal((bool)device!["usable"]!, device["obstacle"] is null));
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_said_with_those_that_are()
    {
        var run = await CommandRun.InAsync(_home.Path, "up", "--device", "opencl:97");

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^Device 'opencl:97' cannot be used: .*\\. There is: cpu \\(.*\nWhat is there, and why it can or cannot be used: trainer devices\n$", run.Errors);
    }

    [Theory]
    [InlineData("cpu", "cpu cpu cpu")]
    [InlineData("auto", "cuda:0 cuda:1 cuda:0")]
    [InlineData("cuda", "cuda:0 cuda:1 cuda:0")]
    [InlineData("cuda:1", "cuda:1 cuda:1 cuda:1")]
    [InlineData("opencl", "opencl:1 opencl:1 opencl:1")]
    public void Workers_of_one_machine_get_its_gpus_in_turn(string asked, string dealt) =>
        Assert.Equal(dealt, Names(WorkerDevices.Of(asked, 3, () => Some)));

    [Theory]
    [InlineData("cpu", null, "cpu")]
    [InlineData("auto", null, "cuda:0")]
    [InlineData("cuda:all", null, "cuda:0 cuda:1")]
    [InlineData("cuda", 5, "cuda:0 cuda:1 cuda:0 cuda:1 cuda:0")]
    public void A_node_has_one_worker_or_as_many_as_it_is_told_or_as_it_has_gpus(string asked, int? workers, string dealt) =>
        Assert.Equal(dealt, Names(WorkerDevices.Of(asked, workers, () => Some)));

    [Fact]
    public void A_node_has_a_worker_on_each_numa_node_whose_threads_keep_to_it()
    {
        var nodes = NumaNodes.List();
        var devices = WorkerDevices.Open(WorkerDevices.Of("cpu:all", null, () => Some), threads: 0, memory: null);

        Assert.Equal(nodes.Select(node => $"{node}"), devices.Select(device => device.Description.Split(' ')[^1]));
        Assert.All(devices, device => device.Dispose());
    }

    [Fact]
    public void Who_asks_for_all_devices_is_told_which_of_them_cannot_be_used() => Assert.Equal(
        "Device 'opencl:all' cannot be used: opencl:0: it does not have the generic address space.",
        Assert.Throws<DeviceException>(() => WorkerDevices.Of("opencl:all", null, () => Some)).Message);

    [Theory]
    [InlineData(7, 3, 2)]
    [InlineData(2, 3, 1)]
    public void Workers_of_a_process_share_its_threads_and_what_memory_a_device_has(int threads, int workers, int each)
    {
        var devices = WorkerDevices.Open(WorkerDevices.Of("cpu", workers, () => Some), threads, memory: null);

        Assert.Equal(Enumerable.Repeat(each, workers), devices.Select(device => device.Threads));
        Assert.InRange(devices.Sum(device => device.AvailableMemory!.Value), 1, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        Assert.All(devices, device => device.Dispose());
    }

    [Fact]
    public void The_memory_of_a_process_is_what_its_workers_on_the_cpu_plan_with()
    {
        var free = AvailableWith(null);
        Assert.InRange(AvailableWith(1L << 30), 1, Math.Min(free, (1L << 30) * 7 / 8));

        Assert.Equal(
            "--memory is for workers on the CPU, and these compute on cuda:0, cuda:1, whose own memory they plan. Leave it out.",
            Assert.Throws<DeviceException>(() => WorkerDevices.Open(WorkerDevices.Of("cuda:all", null, () => Some), threads: 1, memory: 1L << 30)).Message);

        var tooLittle = Assert.Throws<DeviceException>(() => WorkerDevices.Open(WorkerDevices.Of("cpu", 1, () => Some), threads: 1, memory: 10 << 20)).Message;
        Assert.Matches("^--memory 10240KiB leaves no room for a job: [0-9,]{10,} bytes go to the process itself\\. Give it more\\.$", tooLittle);

        static long AvailableWith(long? memory)
        {
            using var device = Assert.Single(WorkerDevices.Open(WorkerDevices.Of("cpu", 1, () => Some), threads: 1, memory));
            return device.AvailableMemory!.Value;
        }
    }

    [Fact]
    public async Task Memory_without_a_unit_is_refused()
    {
        var run = await CommandRun.InAsync(_home.Path, "node", "--memory", "4GB", "--seed", "127.0.0.1:1");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("--memory: expected a number with KiB, MiB, GiB or TiB behind it, got '4GB'.", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cuda:all", "--workers and --device cuda:all both say how many workers there are; give one of them.")]
    [InlineData("abacus:all", "--device: expected auto, cpu[:all], cuda[:N|:all] or opencl[:N|:all], got 'abacus:all'.")]
    public async Task A_node_that_is_told_nonsense_says_what_it_expected(string device, string complaint)
    {
        var run = await CommandRun.InAsync(_home.Path, "node", "--device", device, "--workers", "2", "--seed", "127.0.0.1:1");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(complaint, run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_node_takes_all_devices()
    {
        var run = await CommandRun.InAsync(_home.Path, "up", "--device", "cuda:all");

        Assert.StartsWith("--device: expected auto, cpu, cuda[:N] or opencl[:N], got 'cuda:all'.", run.Errors, StringComparison.Ordinal);
    }

    private static string Names(IEnumerable<DeviceListing> devices) => string.Join(' ', devices.Select(device => device.Name));
}
