namespace Trainer.Coordinator.Jobs;

/// <summary>What all jobs of a coordinator have in common. Every time counts only while this process ran.</summary>
public sealed record JobSettings
{
    /// <summary>The location of all jobs' checkpoints and results.</summary>
    public required string Artifacts { get; init; }

    /// <summary>A job's part of it.</summary>
    public string ArtifactsOf(string job) => Path.Combine(Artifacts, job);

    /// <summary>From the first worker that is ready until the others are awaited no more.</summary>
    public TimeSpan Gather { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long another worker is awaited that could use the data which one could not.</summary>
    public TimeSpan SecondOpinion { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From a Start until every member must have entered its generation.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a coordinator that came back waits for the rest of a job's workers while those that it heard of go on.</summary>
    public TimeSpan AdoptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After so long without anybody who holds the state, it is lost.</summary>
    public TimeSpan StateTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A member that neither reports nor takes part in a committed step for so long is lost.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A member to which the connection closed, and that answers no query for so long, is lost.</summary>
    public TimeSpan SuspicionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an answer to a Fence is awaited from a worker to which nobody has a link any more.</summary>
    public TimeSpan FenceUnlinked { get; init; } = TimeSpan.FromSeconds(0.2);

    /// <summary>Likewise while nobody has said whether he has a link to it.</summary>
    public TimeSpan FenceUnheard { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Likewise where somebody still has a link to it.</summary>
    public TimeSpan FenceLinked { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>With fewer workers than its minimum for so long a job gives them back.</summary>
    public TimeSpan BelowMinimum { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where all members are to leave, so long those who are to follow them may load.</summary>
    public TimeSpan HandOver { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>A worker that has not written what it was to save by then has failed to.</summary>
    public TimeSpan SaveTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>After a checkpoint that could not be written, the next is tried after so long, or earlier if it is due.</summary>
    public TimeSpan SaveAgain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A result that is being written for so long is said to be.</summary>
    public TimeSpan SlowResult { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a job does without a worker that failed it; doubled each time.</summary>
    public TimeSpan Eviction { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between repetitions of an order that is not obeyed yet.</summary>
    public TimeSpan Repeat { get; init; } = TimeSpan.FromSeconds(0.2);

    /// <summary>Between repetitions of what the scheduler is told.</summary>
    public TimeSpan WantedInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A longer gap between two events is a time in which this process stood still.</summary>
    public TimeSpan LongestTick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an entity that could not store leaves the store alone.</summary>
    public TimeSpan StoreRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Between looks at the clock.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(0.05);

    /// <summary>Between looks at the clock while a job has and gets no worker: there may be thousands of those. Longer gaps than <see cref="LongestTick"/> would not count.</summary>
    public TimeSpan WaitingTick => LongestTick / 2;

    /// <summary>Between updates to subscribers that nothing but progress causes.</summary>
    public TimeSpan PublishInterval { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>The least time between two changes of shares that nothing but speed asks for.</summary>
    public TimeSpan SharesInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long other shares must have been the better ones.</summary>
    public TimeSpan SharesSettle { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The part of a step's expected time that other shares must save.</summary>
    public double SharesGain { get; init; } = 0.05;

    /// <summary>Told to workers: the least time that a frame may let wait.</summary>
    public TimeSpan StepDeadline { get; init; } = TimeSpan.FromSeconds(5);
}
