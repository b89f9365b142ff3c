using System.Threading.Channels;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using Trainer.Coordinator.Api;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Coordinator.Tests.Api;

public sealed class JobWatcherTests : TestKit
{
    private readonly Channel<object> _updates = Channel.CreateUnbounded<object>();
    private readonly TestProbe _jobs;
    private readonly TestProbe _entity;
    private readonly IActorRef _watcher;

    public JobWatcherTests()
        : base("akka.loglevel = WARNING")
    {
        (_jobs, _entity) = (CreateTestProbe("jobs"), CreateTestProbe("entity"));
        _watcher = Sys.ActorOf(Props.Create(() => new JobWatcher("j-1", _jobs.Ref, _updates.Writer)));
    }

    [Fact]
    public async Task It_subscribes_and_hands_on_what_changed()
    {
        await SubscribesAsync();
        Say(JobState.Queued);
        Say(JobState.Queued);
        Say(JobState.Running);

        Assert.Equal([JobState.Queued, JobState.Running], [await NextAsync(), await NextAsync()]);
    }

    [Fact]
    public async Task It_subscribes_again_when_the_entity_has_gone()
    {
        await SubscribesAsync();
        Say(JobState.Running);
        await NextAsync();

        Sys.Stop(_entity.Ref);

        await SubscribesAsync(); // Long before the five seconds after which it does so anyway.
    }

    [Fact]
    public async Task The_end_of_the_job_is_that_of_the_channel_and_of_subscribing()
    {
        await SubscribesAsync();
        Say(JobState.Succeeded);
        Assert.Equal(JobState.Succeeded, await NextAsync());
        await _updates.Reader.Completion.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        var mourner = CreateTestProbe();
        await mourner.WatchAsync(_entity.Ref);
        Sys.Stop(_entity.Ref);

        await mourner.ExpectTerminatedAsync(_entity.Ref, cancellationToken: TestContext.Current.CancellationToken);
        await _jobs.ExpectNoMsgAsync(TimeSpan.FromSeconds(0.3), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_refusal_is_handed_on_and_ends_the_channel()
    {
        await SubscribesAsync();
        _watcher.Tell(new JobRefused { Job = "j-1", Status = 5, Message = "There is no job j-1." }, _entity.Ref);

        var refused = Assert.IsType<JobRefused>(await _updates.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal("There is no job j-1.", refused.Message);
        await _updates.Reader.Completion.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private async Task SubscribesAsync()
    {
        var envelope = await _jobs.ExpectMsgAsync<JobEnvelope>(TimeSpan.FromSeconds(4), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("j-1", JobEnvelope.MessageOneofCase.Subscribe), (envelope.Job, envelope.MessageCase));
        Assert.Equal(_watcher, _jobs.Sender);
    }

    private void Say(JobState state) => _watcher.Tell(new JobUpdate { Job = new Job { Id = "j-1", State = state } }, _entity.Ref);

    private async Task<JobState> NextAsync() => ((JobUpdate)await _updates.Reader.ReadAsync(TestContext.Current.CancellationToken)).Job.State;
}
