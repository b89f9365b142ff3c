using Trainer.Coordinator.Api;

namespace Trainer.Coordinator.Tests.Api;

public sealed class RetentionPolicyTests
{
    private static readonly EndedJob[] Jobs =
    [
        Job("old", days: 40, bytes: 5), Job("held", days: 30, bytes: 7, isHeld: true), Job("large", days: 20, bytes: 100), Job("small", days: 10, bytes: 1), Job("new", days: 1, bytes: 3),
    ];

    [Theory]
    [InlineData(null, null, null, "")]
    [InlineData(15, null, null, "old large")]
    [InlineData(null, 2, null, "old large")]
    [InlineData(null, 0, null, "old large small new")]
    [InlineData(null, null, 50L, "old large")] // What ended before the one that has no room goes too.
    [InlineData(null, null, 0L, "old large small new")]
    [InlineData(35, 4, 1000L, "old")]
    public void Whoever_ended_first_goes_first_and_what_is_held_stays(int? days, int? jobs, long? bytes, string gone) =>
        Assert.Equal(gone, string.Join(' ', new RetentionPolicy(days is { } age ? TimeSpan.FromDays(age) : null, jobs, bytes).Surplus(Jobs, Samples.Noon).Select(job => job.Id)));

    private static EndedJob Job(string id, int days, long bytes, bool isHeld = false) => new(id, Samples.Noon - TimeSpan.FromDays(days), bytes, isHeld);
}
