using System.Globalization;
using Trainer.Differential.Tests.Running;

namespace Trainer.Differential.Tests;

/// <summary>
/// Random jobs come to PyTorch's weights and losses, and to the same bits on several workers (docs/reliability.md). TRAINER_DIFFERENTIAL_CASES says how many,
/// TRAINER_DIFFERENTIAL_SEED which one is the first.
/// </summary>
public sealed class DifferentialTests(Bench bench) : IClassFixture<Bench>
{
    private const int BlockCases = 10, StandardCases = 200;

    private static readonly int Cases = Setting("TRAINER_DIFFERENTIAL_CASES", StandardCases), First = Setting("TRAINER_DIFFERENTIAL_SEED", 1);

    /// <summary>In blocks, so that it can be seen how far they are: the first seed of each, and the number of cases. Where nobody said how many, the later half is long.</summary>
    public static IEnumerable<TheoryDataRow<int, int>> Blocks =>
        from block in Enumerable.Range(0, (Cases + BlockCases - 1) / BlockCases)
        let done = block * BlockCases
        select new TheoryDataRow<int, int>(First + done, Math.Min(BlockCases, Cases - done))
        {
            Traits = Cases == StandardCases && done >= StandardCases / 2 ? new() { ["Category"] = ["Long"] } : [],
        };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Random_jobs_train_as_in_pytorch(int firstSeed, int count)
    {
        Assert.SkipUnless(Bench.CanRun, $"No random job is compared with PyTorch. {PyTorch.Absence}");
        var faults = bench.Try(firstSeed, count);
        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }

    private static int Setting(string name, int standard) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : standard;
}
