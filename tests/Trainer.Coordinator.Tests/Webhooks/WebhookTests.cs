using Trainer.Coordinator.Store;
using Trainer.Coordinator.Tests.Outbox;
using Trainer.Coordinator.Webhooks;

namespace Trainer.Coordinator.Tests.Webhooks;

public sealed class WebhookTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static readonly Announcement Change = new(7, "msg_1", "j-1", Samples.Noon, """{"type":"job.state_changed","data":{"message":"größer"}}""");

    /// <summary>The example of the specification's libraries, which npm's standardwebhooks computes likewise.</summary>
    [Fact]
    public void The_signature_is_that_of_the_published_example()
    {
        Assert.True(WebhookSecret.TryParse(Secret, out var secret));
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", secret.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""));
        Assert.Equal("whsec_...", secret.ToString());
    }

    [Theory]
    [InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")] // 23 bytes
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_no base64!")]
    [InlineData("")]
    public void What_is_no_secret_is_refused(string text) => Assert.False(WebhookSecret.TryParse(text, out _));

    [Theory]
    [InlineData(200, null)]
    [InlineData(204, null)]
    [InlineData(302, "it answers with status 302")]
    [InlineData(410, "it answers with status 410")]
    [InlineData(503, "it answers with status 503")]
    public async Task What_has_status_2xx_is_taken_and_no_redirect_is_followed(int status, string? reason)
    {
        await using var receiver = await OtherProgram.StartAsync((http, _) =>
        {
            http.Response.Headers.Location = "/elsewhere";
            return OtherProgram.Answer(http, status);
        });

        Assert.Equal(reason, await TakeAsync(new Uri(receiver.Address, "/hook?id=3")));
        var received = Assert.Single(receiver.Received);
        Assert.Equal(("POST", "/hook?id=3", Change.Body), (received.Method, received.Path, received.Body));
        Assert.Equal(("msg_1", "application/json"), (received.Headers["webhook-id"], received.Headers["content-type"]));
        Assert.StartsWith("trainer/", received.Headers["user-agent"]);
        Assert.True(long.TryParse(received.Headers["webhook-timestamp"], out var seconds));
        Assert.True(WebhookSecret.TryParse(Secret, out var secret));
        Assert.Equal(secret.Sign("msg_1", seconds, Change.Body), received.Headers["webhook-signature"]);
    }

    [Fact]
    public async Task A_receiver_that_hangs_or_is_not_there_is_waited_for_no_longer_than_said()
    {
        var receiver = await OtherProgram.StartAsync((http, _) => OtherProgram.Hang(http));
        var address = receiver.Address;
        Assert.Equal("it does not answer in time", await TakeAsync(address, TimeSpan.FromMilliseconds(100)));
        await receiver.DisposeAsync();
        Assert.Equal("it cannot be reached (ConnectionError)", await TakeAsync(address));
    }

    private static async Task<string?> TakeAsync(Uri address, TimeSpan? within = null)
    {
        Assert.True(WebhookSecret.TryParse(Secret, out var secret));
        using var webhook = new Webhook(new WebhookTarget(address, secret), TimeProvider.System, within ?? TimeSpan.FromMinutes(1));
        return await webhook.TakeAsync(Change, TestContext.Current.CancellationToken);
    }
}
