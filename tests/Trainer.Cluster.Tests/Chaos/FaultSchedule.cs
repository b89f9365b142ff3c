using Trainer.Node.Training;

namespace Trainer.Cluster.Tests.Chaos;

/// <summary>Faults in an order that follows from a seed alone.</summary>
public sealed class FaultSchedule(int seed, IReadOnlyList<FaultKind> kinds, int mostStepsBetween)
{
    private const double AtOnce = 0.15;
    private const double LongestStop = 6;
    private const int MostOccurrences = 25;

    /// <summary>Those that every job with several members comes to.</summary>
    private static readonly Moment[] Moments = [.. Enum.GetValues<Moment>().Where(moment => moment is not (Moment.Exchange or Moment.Shard))];

    /// <summary>A worker comes to these moments many times; to the others once or twice.</summary>
    private static readonly Moment[] Frequent = [Moment.Forward, Moment.Backward, Moment.AllReduce, Moment.Apply, Moment.Commit, Moment.Evaluation];

    public static IReadOnlyList<FaultKind> AllKinds { get; } = Enum.GetValues<FaultKind>();

    /// <summary>Without end.</summary>
    public IEnumerable<Fault> Faults()
    {
        var random = new Random(seed);
        while (true)
        {
            yield return Draw(random);
        }
    }

    private Fault Draw(Random random)
    {
        var kind = kinds[random.Next(kinds.Count)];
        var steps = random.NextDouble() < AtOnce ? 0 : 1 + random.Next(mostStepsBetween);
        var moment = Moments[random.Next(Moments.Length)];
        var count = Frequent.Contains(moment) ? 1 + random.Next(MostOccurrences) : 1;
        var seconds = 0.2 + ((LongestStop - 0.2) * random.NextDouble());

        // The result is written by the first member, checkpoints by the last, and states come from the first who holds them.
        var leads = moment is Moment.Result or Moment.Donation || (moment != Moment.Checkpoint && random.Next(2) == 0);
        return new Fault(kind, steps, random.Next(1000), seconds, moment, count, leads);
    }
}
