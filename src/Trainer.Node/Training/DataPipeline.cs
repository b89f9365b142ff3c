using Trainer.Kernels.Data;
using Trainer.Kernels.Training;

namespace Trainer.Node.Training;

/// <summary>Brings the samples of a member's part of a batch into the network, in local order. What it reads ahead is discarded when another generation begins.</summary>
public sealed class DataPipeline(DataSet train, DataSet test, ulong seed, bool shuffle) : IDisposable
{
    private readonly BatchLoader _loader = new([train, test], seed);

    /// <summary>Tells data apart: equal for equal images and labels.</summary>
    public string Fingerprint { get; } = DataSet.Fingerprint(train, test);

    public DataSet Train => train;

    public DataSet Test => test;

    /// <summary>Another generation: from this item of the schedule on, a share of its own.</summary>
    public void Begin(Schedule schedule, ulong firstItem, MemberShare share) =>
        _loader.Begin(new MemberBatches(schedule, firstItem, share, new TrainingOrder(train, seed, shuffle)));

    /// <summary>Waits for the next batch: one for each item of training, in evaluations as many as the member's samples ask for.</summary>
    /// <returns>Its samples.</returns>
    /// <exception cref="DataFileException">One of them cannot be read.</exception>
    public int Fill(Network network, CancellationToken interruption = default) => network.Fill(_loader, interruption);

    public void Dispose() => _loader.Dispose();
}
