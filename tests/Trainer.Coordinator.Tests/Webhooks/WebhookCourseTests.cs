using System.Diagnostics;
using System.Text.Json.Nodes;
using Trainer.Coordinator.Tests.Outbox;
using Trainer.Coordinator.Webhooks;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Webhooks;

/// <summary>A coordinator tells a receiver that is busy, hangs, dies and comes back, and is itself started anew meanwhile.</summary>
[Trait("Category", "Long")]
public sealed class WebhookCourseTests : IDisposable
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_jobs_course_arrives_in_order_and_whole_and_npms_package_finds_each_signature_right()
    {
        var (taken, busy) = (new List<Received>(), 2);
        var receiver = await OtherProgram.StartAsync((http, _) => Interlocked.Decrement(ref busy) >= 0 ? OtherProgram.Answer(http, 503) : OtherProgram.Hang(http));
        var (port, address) = (receiver.Port, new Uri(receiver.Address, "/hook"));
        var coordinator = await StartAsync(address);
        var id = (await coordinator.Jobs.CreateJobAsync(new CreateJobRequest { Spec = SmallData.Spec(_folder.Path) })).Id;
        await UntilAsync(() => receiver.Received.Count > 2); // It hangs now.
        var node = new FakeNode("a", coordinator.Cluster);
        await node.StartAsync();
        await coordinator.AwaitAsync(id, job => job.State == JobState.Running);
        var beginning = receiver.Received.ToList();
        await receiver.DisposeAsync();
        await node.DisposeAsync();
        await coordinator.DisposeAsync();

        coordinator = await StartAsync(address);
        node = new FakeNode("b", coordinator.Cluster);
        node.Serve();
        await coordinator.AwaitAsync(id, job => job.State == JobState.Succeeded);
        receiver = await OtherProgram.StartAsync((http, received) => TakeAsync(http, received, taken), port);
        var course = (await coordinator.Jobs.GetJobAsync(new GetJobRequest { Id = id })).Transitions.Select(passed => $"{passed.State}".ToUpperInvariant()).ToList();
        await UntilAsync(() => taken.Count == course.Count);
        await node.DisposeAsync();
        await coordinator.DisposeAsync();
        await receiver.DisposeAsync();

        Assert.Equal(course, taken.Select(received => (string)JsonNode.Parse(received.Body)!["data"]!["state"]!));
        Assert.Equal("SUCCEEDED", course[^1]);
        Assert.Equal(taken.Count, taken.Select(received => received.Headers["webhook-id"]).Distinct().Count());
        Assert.All(beginning, received => Assert.Equal((taken[0].Headers["webhook-id"], taken[0].Body), (received.Headers["webhook-id"], received.Body)));
        await VerifyAsync(taken);
    }

    private Task<TestCoordinator> StartAsync(Uri address)
    {
        Assert.True(WebhookSecret.TryParse(Secret, out var secret));
        return TestCoordinator.StartAsync(_folder.Path, change: options => options with { Webhook = new WebhookTarget(address, secret) });
    }

    private static Task TakeAsync(HttpContext http, Received received, List<Received> taken)
    {
        lock (taken)
        {
            taken.Add(received);
        }

        return OtherProgram.Answer(http, 204);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var deadline = DateTime.UtcNow.AddMinutes(1); !holds(); await Task.Delay(20))
        {
            Assert.True(DateTime.UtcNow < deadline);
        }
    }

    private async Task VerifyAsync(List<Received> taken)
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var packages = Path.Combine(cache, "trainer", "integrations");
        Assert.SkipUnless(Directory.Exists(packages), $"standardwebhooks is not in {packages}; ./test --all gets it.");
        var file = Path.Combine(_folder.Path, "webhooks.jsonl");
        await File.WriteAllLinesAsync(file, taken.Select(received => new JsonObject { ["headers"] = new JsonObject([.. received.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))]), ["body"] = received.Body }.ToJsonString()));
        using var node = Process.Start(new ProcessStartInfo("node", [Repository.File("tests/clients/webhooks.mjs"), Secret, file, packages]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (await node.StandardOutput.ReadToEndAsync(), await node.StandardError.ReadToEndAsync());
        await node.WaitForExitAsync();
        Assert.Equal(($"{taken.Count}\n", ""), (output, errors));
    }
}
