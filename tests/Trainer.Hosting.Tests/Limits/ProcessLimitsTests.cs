using Trainer.Hosting.Limits;

namespace Trainer.Hosting.Tests.Limits;

public sealed class ProcessLimitsTests
{
    [Fact]
    public void What_is_given_holds_and_the_rest_is_usual()
    {
        var limits = ProcessLimits.Parse(["hellos=7", "hello-seconds=2"], ProcessLimits.OfNodes);

        Assert.Equal((7, TimeSpan.FromSeconds(2), 256), (limits.Count(ProcessLimits.Hellos), limits.Seconds(ProcessLimits.HelloSeconds), limits.Count(ProcessLimits.WaitingLinks)));
    }

    [Theory]
    [InlineData("helos=7", "there is no limit 'helos' here; there are hellos, hello-seconds, waiting-links, data-cache-bytes, connections, token-seconds")]
    [InlineData("validations=7", "there is no limit 'validations' here; there are hellos, hello-seconds, waiting-links, data-cache-bytes, connections, token-seconds")]
    [InlineData("hellos=0", "hellos is a number from 1 to 1000000 (connections to a worker's link port that have not said Hello), got '0'")]
    [InlineData("hellos=many", "hellos is a number from 1 to 1000000 (connections to a worker's link port that have not said Hello), got 'many'")]
    [InlineData("hellos", "hellos is a number from 1 to 1000000 (connections to a worker's link port that have not said Hello), got ''")]
    public void What_is_no_limit_is_refused_in_clear_words(string given, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => ProcessLimits.Parse([given], ProcessLimits.OfNodes)).Message);

    [Fact]
    public void Every_limit_is_documented()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "docs/security.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => string.Join('|', line.Split('|').Take(4)));

        Assert.Equal(ProcessLimits.OfCoordinators.Concat(ProcessLimits.OfNodes).Distinct().Select(limit => $"| `{limit.Name}` | {limit.Usual} | {limit.What} "), rows);
    }
}
