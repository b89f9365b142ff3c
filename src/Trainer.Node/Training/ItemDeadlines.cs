namespace Trainer.Node.Training;

/// <summary>
/// How long a member waits for the others before it says so: some seconds and three times what such an item took lately on this share; for the first item of a kind, which
/// compiles and warms up, twelve times the seconds (protocol rule 10). Evaluations are of one kind, wherever they are; what looks at no sample takes no time.
/// </summary>
/// <param name="seconds">The least that any frame may let wait.</param>
internal sealed class ItemDeadlines(double seconds)
{
    private const double Margin = 3;
    private const double FirstOfKind = 12;
    private const double Weight = 0.2;

    private readonly double[] _expected = new double[Enum.GetValues<ItemKind>().Length];

    /// <summary>Of the word that an item is committed.</summary>
    public TimeSpan OfCommit => TimeSpan.FromSeconds(seconds * FirstOfKind);

    public TimeSpan Of(in ScheduleItem item) =>
        item.Samples == 0 ? TimeSpan.FromSeconds(seconds)
        : Expected(item) is var expected and > 0 ? TimeSpan.FromSeconds(seconds + (Margin * expected))
        : TimeSpan.FromSeconds(seconds * FirstOfKind);

    public void Took(in ScheduleItem item, double time)
    {
        if (item.Samples > 0)
        {
            ref var expected = ref Expected(item);
            expected = expected == 0 ? time : ((1 - Weight) * expected) + (Weight * time);
        }
    }

    private ref double Expected(in ScheduleItem item) => ref _expected[(int)(item.Kind == ItemKind.CloseEpoch ? ItemKind.Evaluate : item.Kind)];
}
