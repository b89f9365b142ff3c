using System.Text.RegularExpressions;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Hashes;

/// <summary>
/// tests/hashes.json has what this program computes, and whatever docs say of hashes is from there. Hashes may only change together with <see cref="Numerics.Id"/>, since workers of different
/// builds train one job together when their ids are equal.
/// </summary>
public sealed partial class HashesTests
{
    private static readonly NamedHashes Named = NamedHashes.Parse(Read("tests/hashes.json"));

    public static TheoryData<string> Texts => [.. Names("", "*.md"), .. Names("docs", "*.md"), .. Names("examples", "*.yaml"), "quickstart"];

    [Fact]
    public void They_are_of_the_arithmetic_that_is_built() => Assert.Equal(Numerics.Id, Named.Arithmetic);

    [Fact]
    public void The_golden_step_is_the_one_that_nodes_compare() => Assert.Equal(Named.GoldenStep, $"{GoldenStep.Known[Numerics.Id]:x16}");

    [Fact]
    public void Threads_and_instruction_sets_leave_no_trace_in_the_weights()
    {
        foreach (var set in Enum.GetValues<InstructionSet>().Where(InstructionSets.IsSupported))
        {
            foreach (var threads in new[] { 1, 2, 7 })
            {
                using var device = CpuDevice.Create(threads, set);
                var hash = $"{NamedHashes.StepLenet(device):x16}";
                Assert.True(hash == Named.LenetSteps, $"{device.Description}, {device.NumericsId}: hash {hash}, expected {Named.LenetSteps}");
            }
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void The_quickstart_comes_to_what_it_is_said_to_come_to()
    {
        using var device = CpuDevice.Create(2);

        Assert.Equal(Named.Quickstart, NamedHashes.TrainQuickstart(device));
    }

    public static TheoryData<string> Networks => [.. Zoo.Names];

    [Fact]
    public void All_of_the_zoo_have_one() => Assert.Equal(Zoo.Names.Order(StringComparer.Ordinal), Named.Zoo.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Networks))]
    public void Networks_come_to_theirs_on_every_instruction_set_and_number_of_workers(string name)
    {
        foreach (var set in Enum.GetValues<InstructionSet>().Where(InstructionSets.IsSupported))
        {
            using var device = CpuDevice.Create(2, set);
            foreach (var workers in set == InstructionSets.Best ? new[] { 1, 2, 3, 5, 8 } : [1])
            {
                var hash = ZooHashes.Of(name, device, workers);
                Assert.True(hash == Named.Zoo[name], $"{name} on {device.Description}, {workers} workers: hash {hash}, expected {Named.Zoo[name]}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Texts_name_no_hash_but_these(string file)
    {
        string[] named = [Named.GoldenStep, Named.LenetSteps, Named.Quickstart.Data, Named.Quickstart.State, Named.Quickstart.Weights];

        Assert.All(Hash().Matches(Read(file)), match => Assert.Contains(named, one => one.StartsWith(match.Groups["hash"].Value, StringComparison.Ordinal)));
    }

    [Fact]
    public void README_shows_the_quickstarts_weights() => Assert.Contains($"weights SHA-256    {Named.Quickstart.Weights}", Read("README.md"), StringComparison.Ordinal);

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    private static IEnumerable<string> Names(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), pattern).Select(file => Path.GetRelativePath(Repository.Root, file));

    /// <summary>Whole, or its beginning and dots.</summary>
    [GeneratedRegex(@"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])(?<hash>[0-9a-f]{16}|[0-9a-f]{64}|[0-9a-f]{6,}(?=\.\.\.|…))(?![0-9a-f])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10000)]
    private static partial Regex Hash();
}
