using Trainer.Cli.Doctor;
using Trainer.Cli.Tests.Fakes;
using Trainer.Hosting.Cluster;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Data;
using Trainer.Kernels.Gpu;
using Trainer.Protos;

namespace Trainer.Cli.Tests.Doctor;

public sealed class DoctorTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Without_a_cluster_it_says_how_to_start_one()
    {
        var run = await CommandRun.InAsync(_home.Path, "doctor", "-o", "json");

        var checks = run.JsonLines.Single()["checks"]!.AsArray().ToDictionary(check => (string)check!["subject"]!, check => check!);
        Assert.Equal([".NET", "processor", "GPU", "memory", "disk", "run folder", "clock", "Fashion-MNIST", "prometheus", "kubectl", "cluster"], checks.Keys);
        Assert.Equal("optional", (string?)checks["cluster"]["verdict"]);
        Assert.Contains("trainer up", (string?)checks["cluster"]["advice"]);
    }

    [Fact]
    public async Task With_a_cluster_it_counts_the_workers()
    {
        var api = new FakeApi { Workers = { new Worker { Name = "worker-0", Job = "a" }, new Worker { Name = "worker-1" }, new Worker { Name = "worker-2" } } };
        await using var cluster = await FakeCluster.StartAsync(api, _home.Path);

        var run = await CommandRun.InAsync(_home.Path, "doctor");

        Assert.Matches($@"\nok +cluster +answers at {cluster.Endpoint}\n", run.Output);
        Assert.Matches(@"\nok +cluster's version +\d+\.\d+\.\d+, API trainer\.v1, arithmetic canonical-7\n", run.Output);
        Assert.Matches(@"\nok +workers +2 idle, 1 busy\n", run.Output);
    }

    [Fact]
    public async Task A_run_folder_open_to_others_is_missing_its_privacy_and_exits_with_1()
    {
        Directory.CreateDirectory(_home["run"]);
        File.SetUnixFileMode(_home["run"], (UnixFileMode)0b111_101_101);

        var run = await CommandRun.InAsync(_home.Path, "doctor");

        Assert.Equal(1, run.ExitCode);
        Assert.Matches($@"\nMISSING +run folder +{_home["run"]} is open to others \(mode 755, expected 700\); run: chmod 700 '{_home["run"]}'\.\n +-> Or set TRAINER_HOME", run.Output);
    }

    [Fact]
    public async Task A_cluster_that_was_asked_for_and_does_not_answer_exits_with_1()
    {
        var gone = await FakeCluster.StartAsync(new FakeApi());
        await gone.DisposeAsync();

        var run = await CommandRun.InAsync(_home.Path, "doctor", "--endpoint", gone.Endpoint);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"The coordinator at {gone.Endpoint} does not answer: connection refused.", run.Output);
    }

    [Fact]
    public void Missing_data_says_where_it_was_looked_for_and_how_to_get_it()
    {
        var check = MachineChecks.DataSetIn(KnownDataSet.FashionMnist, null);

        Assert.Equal((Verdict.Missing, "Get it with: trainer data fetch fashion-mnist"), (check.Verdict, check.Advice));
        Assert.Contains("/usr/share/datasets/fashion-mnist", check.Finding);
    }

    [Fact]
    public void Gpus_that_can_be_used_are_named_and_without_one_the_cpu_will_do()
    {
        var cpu = new DeviceListing("opencl:0", "PoCL", 0, "id", IsGpu: false, Obstacle: null);
        var gpu = new DeviceListing("cuda:1", "NVIDIA H100", 0, "id", IsGpu: true, Obstacle: null);

        Assert.Equal((Verdict.Ok, "cuda:1 (NVIDIA H100)"), (MachineChecks.Gpus([cpu, gpu]).Verdict, MachineChecks.Gpus([cpu, gpu]).Finding));
        Assert.Equal(
            new Check("GPU", Verdict.Optional, "none that can be used; networks train on the CPU", "What is there and why it cannot be used: trainer devices"),
            MachineChecks.Gpus([cpu, gpu with { Obstacle = "broken" }]));
    }

    [Fact]
    public void A_cluster_of_another_release_is_a_warning() => Assert.Equal(
        new Check(
            "cluster's version",
            Verdict.Warning,
            "0.9.1, API trainer.v1, arithmetic canonical-7; this program is 0.2.0",
            "Use the program of the cluster's release: it knows what that one offers."),
        ClusterChecks.VersionOf(new SystemVersion { Release = "0.9.1", Api = "trainer.v1", Numerics = "canonical-7" }, "0.2.0"));

    [Fact]
    public async Task Before_an_upgrade_jobs_that_would_stay_behind_are_named()
    {
        var api = new FakeApi();
        api.Jobs.AddRange([.. Enumerable.Range(0, 7).Select(number => new Job { Id = $"j-{number}", State = number == 0 ? JobState.Succeeded : JobState.Running, Numerics = number == 1 ? "" : "canonical-7" })]);
        await using var cluster = await FakeCluster.StartAsync(api, _home.Path);

        var checks = (await CommandRun.InAsync(_home.Path, "doctor", "-o", "json")).JsonLines.Single()["checks"]!.AsArray().Where(check => (string?)check!["subject"] == "upgrade to this release").ToList();

        Assert.All(checks, check => Assert.Equal("warning", (string?)check!["verdict"]));
        Assert.Equal(
            [
                $"the cluster's processes speak version 5 of its protocol, this release version {ClusterProtocol.Version}: they refuse each other",
                $"this release computes in {Numerics.Id}, the cluster in canonical-7, and 5 jobs that have begun in it wait for workers of the release before once there are none: j-2, j-3, j-4, j-5, j-6",
            ],
            checks.Select(check => (string)check!["finding"]!));
    }

    [Fact]
    public void An_upgrade_that_leaves_no_job_behind_is_well()
    {
        var cluster = new SystemVersion { Numerics = "canonical-7", ClusterProtocol = 5 };

        Assert.Empty(UpgradeChecks.ProtocolOf(cluster, 5));
        Assert.Equal(new Check("upgrade to this release", Verdict.Ok, "this release computes in canonical-8, the cluster in canonical-7, in which no job has begun"), UpgradeChecks.ArithmeticOf(cluster, "canonical-8", []));
        Assert.EndsWith(" and 1 job that has begun in it waits for workers of the release before once there are none: j-1", UpgradeChecks.ArithmeticOf(cluster, "canonical-8", [new Job { Id = "j-1" }]).Finding, StringComparison.Ordinal);
    }

    [Fact]
    public void Clocks_are_compared()
    {
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Assert.Empty(ClusterChecks.Skew(null, now));
        Assert.Empty(ClusterChecks.Skew(now.AddSeconds(-4), now));
        Assert.Equal("20 s off this one", ClusterChecks.Skew(now.AddSeconds(20), now).Single().Finding);
        Assert.Equal(Verdict.Warning, MachineChecks.Clock(DateTimeOffset.UnixEpoch).Verdict);
    }

    [Fact]
    public void Little_memory_is_a_warning() =>
        Assert.Equal(("1.0 GiB", Verdict.Warning), (MachineChecks.Memory(1L << 30).Finding, MachineChecks.Memory(1L << 30).Verdict));
}
