using System.Text;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;

namespace Trainer.Hosting.Tests.Steps;

public sealed class StepSearchTests
{
    private const ulong First = 1009;
    private const ulong Last = 9973;

    private static readonly string Text = string.Join('\n', Enumerable.Range((int)First, (int)(Last - First + 1)).Select(step => StepLines.Of(Record((ulong)step))).Prepend(StepLines.Head)) + "\n";

    [Theory]
    [InlineData(1)]
    [InlineData(1010)]
    [InlineData(3001)]
    [InlineData(7919)]
    [InlineData(9973)]
    [InlineData(20_000)]
    public void Behind_it_are_the_step_and_little_before_it(ulong step)
    {
        using var file = new MemoryStream(Encoding.ASCII.GetBytes(Text));
        StepSearch.Seek(file, step);
        var rest = Text[(int)file.Position..];
        var there = rest.Split('\n').Select(StepLines.Read).OfType<StepRecord>().First().Step;
        Assert.True(file.Position == 0 || Text[(int)file.Position - 1] == '\n');
        Assert.InRange(there, Math.Max(First, Math.Min(step, Last) - Math.Min(Math.Min(step, Last), 1200)), Math.Max(First, step));
    }

    [Fact]
    public void What_has_no_lines_is_read_from_where_it_is()
    {
        using var file = new MemoryStream(new byte[100_000]);
        StepSearch.Seek(file, 7);
        Assert.Equal(0, file.Position);
    }

    private static StepRecord Record(ulong step) =>
        new(step, 1, new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc), 0.5, 0.25, 0.1, null, 1000, new StepPhases(1, 1, 1, 1, 1));
}
