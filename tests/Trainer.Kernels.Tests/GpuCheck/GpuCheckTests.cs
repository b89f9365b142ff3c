using System.Diagnostics;
using Trainer.Kernels.Tests.Gpu;
using Kernel = Trainer.Kernels.Gpu.Launching.Kernel;

namespace Trainer.Kernels.Tests.GpuCheck;

public sealed class GpuCheckTests
{
    private static readonly Machine Nowhere = new("cuda:0", "a GPU", 1 << 30, "canonical", "", "a CPU", 16, "0 0 0", "Linux", ".NET", "0.5");

    [Fact]
    public void Options_are_read()
    {
        var options = GpuCheckOptions.TryParse(["--device", "opencl:1", "--minutes", "0.5", "--out", "there", "--only", "Conv2d,Zoo/lenet", "--seconds", "2", "--python", "py"], out _)!;

        Assert.Equal(("opencl:1", 0.5, "there", 2.0, "py"), (options.Device, options.Minutes, options.Out, options.Seconds, options.Python));
        Assert.Equal(["Conv2d", "Zoo/lenet"], options.Only);
        Assert.Equal(GpuCheckOptions.Default, GpuCheckOptions.TryParse([], out _));
    }

    [Theory]
    [InlineData("--minutes", "0")]
    [InlineData("--minutes", "soon")]
    [InlineData("--device", "cpu")]
    [InlineData("--device", "gpu")]
    [InlineData("--out", "")]
    [InlineData("--fast", "1")]
    public async Task Other_options_are_refused(string option, string value)
    {
        Assert.Null(GpuCheckOptions.TryParse([option, value], out var problem));
        Assert.Equal($"Cannot read '{option} {value}'.", problem);
        Assert.Equal(2, await GpuCheckCommand.RunAsync([option, value]));
    }

    /// <summary>Rows of theories are found by the check's own walk: the number of cases is what a runner has.</summary>
    [Fact]
    public void Every_test_of_every_suite_has_cases()
    {
        var parts = SuiteCases.Parts().ToDictionary(part => part.Name, StringComparer.Ordinal);
        string[] suites = ["Conv2d", "Elementwise", "GoldenStep", "LayerBits", "Linear", "Loss", "NetworkBits", "Normalization", "Pooling", "SharedNorm", "State", "Update"];

        Assert.Equal(suites, parts.Keys.Order(StringComparer.Ordinal));
        Assert.All(typeof(GpuLinearTests).GetMethods().Where(method => method.IsDefined(typeof(FactAttribute), inherit: true)), method =>
            Assert.Contains(parts["Linear"].Cases, name => name.StartsWith($"{method.Name}(", StringComparison.Ordinal)));
        Assert.Equal(4 * 9 + 2, parts["Linear"].Cases.Count);
        Assert.Contains("Forward_equals_the_reference(400, 120, 32)", parts["Linear"].Cases);
    }

    [Fact]
    public void Names_of_parts_tell_them_apart()
    {
        var names = CheckParts.On(1).Select(part => part.Name).Append(new TorchPart().Name).ToList();

        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
    }

    [Fact]
    public void A_finding_is_read_as_it_was_written_and_other_lines_are_not()
    {
        var finding = Found("Linear", Topic.Bits, Outcome.Differs, "a|b\nc");

        var read = Finding.Read(finding.ToLine())!;

        Assert.Equal((finding.Part, finding.Outcome, finding.Detail, "K"), (read.Part, read.Outcome, read.Detail, read.Kernels.Single()));
        Assert.Null(Finding.Read("pocl: warning"));
    }

    [Theory]
    [InlineData(Topic.Bits, Outcome.Equal, 0)]
    [InlineData(Topic.Bits, Outcome.Near, 0)]
    [InlineData(Topic.Bits, Outcome.Skipped, 0)]
    [InlineData(Topic.Bits, Outcome.Differs, 1)]
    [InlineData(Topic.Zoo, Outcome.Failed, 1)]
    [InlineData(Topic.Zoo, Outcome.NotReached, 1)]
    [InlineData(Topic.Torch, Outcome.Failed, 0)]
    [InlineData(Topic.Networks, Outcome.NotReached, 0)]
    public void Bits_alone_decide_the_exit_code(string topic, string outcome, int exitCode) =>
        Assert.Equal(exitCode, Report(isWhole: false, Found("A part", topic, outcome)).ExitCode);

    [Fact]
    public void A_kernel_that_nothing_launched_is_named_in_a_whole_check()
    {
        var kernel = Kernel.All[0].Name;
        var launched = Found("Pooling", Topic.Bits, Outcome.Equal) with { Kernels = [.. Kernel.All.Skip(1).Select(one => one.Name)] };

        Assert.Equal($"{kernel} was never launched", Assert.Single(Report(isWhole: true, launched).Obstacles));
        Assert.Empty(Report(isWhole: false, launched).Obstacles);
        var skipped = Found("Resources", Topic.Resources, Outcome.Skipped) with { Case = kernel };
        Assert.Empty(Report(isWhole: true, launched, skipped).Obstacles);
    }

    [Fact]
    public void A_kernel_is_told_by_the_cases_that_launched_it()
    {
        var kernel = Kernel.All[0];
        Finding Launched(string outcome) => Found("Pooling", Topic.Bits, outcome) with { Kernels = [kernel.Name] };

        Assert.Equal("equal", KernelVerdict.Of(kernel, [Launched(Outcome.Equal)])!.InWords);
        Assert.Equal("1 of 2 cases differ or fail", KernelVerdict.Of(kernel, [Launched(Outcome.Equal), Launched(Outcome.Failed)])!.InWords);
        Assert.Equal("not launched", KernelVerdict.Of(kernel, [Launched(Outcome.NotReached)])!.InWords);
    }

    [Fact]
    public void Tables_put_ours_beside_theirs()
    {
        Dictionary<string, double> Steps(double milliseconds) => new() { ["batch"] = 32, ["median ms"] = milliseconds, ["GFLOP"] = 100 };
        var report = Report(
            isWhole: false,
            Found("Networks", Topic.Networks, Outcome.Measured) with { Case = "nin", Figures = Steps(4) },
            Found("PyTorch", Topic.Torch, Outcome.Measured, "PyTorch 2.9") with { Case = "nin", Figures = Steps(10) },
            Found("Linear", Topic.Bits, Outcome.Differs, "element 3 is 1|2"));

        var text = CheckTables.Of(report);

        Assert.Contains("| nin | 32 | 4 | 8,000 | 25 | 10 | 2.50 |\n", text, StringComparison.Ordinal);
        Assert.Contains("PyTorch: PyTorch 2.9.", text, StringComparison.Ordinal);
        Assert.Contains("- Linear, a case: differs; element 3 is 1\\|2\n", text, StringComparison.Ordinal);
    }

    /// <summary>A process that ends within a case takes this case alone with it, and one that cannot begin all.</summary>
    [Fact]
    public async Task What_a_process_leaves_the_next_one_takes()
    {
        var part = new CheckPart(Topic.Bits, "A part", ["first", "second", "third"]);
        var found = new List<Finding>();
        string Line(int number, string outcome) => $"echo '{(Finding.Without(part, number, outcome, "") with { Kernels = ["K"] }).ToLine()}'";
        ProcessStartInfo Start(IReadOnlyList<int> numbers) => new("/bin/sh", ["-c", numbers[0] switch
        {
            0 => $"{Line(0, Outcome.Begun)}; {Line(0, Outcome.Equal)}; {Line(1, Outcome.Begun)}; echo broken >&2; exit 139",
            _ => $"{Line(2, Outcome.Begun)}; {Line(2, Outcome.Equal)}",
        }]);

        await new PartRun(part, [0, 1, 2], Start, found.Add).RunAsync(CancellationToken.None);
        await new PartRun(part, [0, 1], _ => new("/bin/sh", ["-c", "echo no driver >&2; exit 3"]), found.Add).RunAsync(CancellationToken.None);
        await new PartRun(part, [2], _ => new("/no/such/program"), found.Add).RunAsync(CancellationToken.None);
        await new PartRun(part, [0], Start, found.Add).RunAsync(new CancellationToken(canceled: true));

        Assert.Equal(["equal", "failed", "equal", "failed", "failed", "failed", "not reached"], found.Select(finding => finding.Outcome));
        Assert.Equal("the process ended with exit code 139: broken. The kernel that it launched last for the first time: K", found[1].Detail);
        Assert.Equal("nothing could begin, exit code 3: no driver", found[4].Detail);
        Assert.StartsWith("/no/such/program does not start: ", found[5].Detail, StringComparison.Ordinal);
    }

    private static Finding Found(string part, string topic, string outcome, string detail = "") =>
        new(topic, part, 0, "a case", outcome, detail, 1, ["K"], new Dictionary<string, double>());

    private static CheckReport Report(bool isWhole, params Finding[] findings) => new(Nowhere, DateTimeOffset.UnixEpoch, 1, "0 0 0", isWhole, findings);
}
