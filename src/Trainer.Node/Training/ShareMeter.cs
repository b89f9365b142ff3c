namespace Trainer.Node.Training;

/// <summary>
/// How long this worker computes per shard, by itself: what shares are cut by. Waiting for other members is not in it; a processor that is busy with others, or slow, is.
/// Written by the thread that trains, read by any.
/// </summary>
/// <param name="samplesOfShard">On the average.</param>
/// <param name="least">Seconds of work before which nothing is told; or so many steps as <see cref="LeastSteps"/>, where others take the time.</param>
internal sealed class ShareMeter(double samplesOfShard, double least = 1)
{
    private const int LeastSteps = 32;

    private readonly SpeedWindow _samples = new();
    private readonly SpeedWindow _updates = new();
    private double _worked;
    private int _steps;
    private double _shardSeconds;
    private double _updateSeconds;
    private bool _isWarm;

    /// <summary>0: not measured yet.</summary>
    public double ShardSeconds => Volatile.Read(ref _shardSeconds);

    /// <summary>Of a step, whatever the share.</summary>
    public double UpdateSeconds => Volatile.Read(ref _updateSeconds);

    /// <summary>A segment begins: its first step, which warms up, does not count. What was measured before does.</summary>
    public void Begin() => _isWarm = false;

    public void Trained(int samples, double computed, double updated)
    {
        if (!_isWarm || samples == 0)
        {
            _isWarm = true;
            return;
        }

        _samples.Add(samples, computed);
        _updates.Add(1, updated);
        _worked += computed + updated;
        _steps = Math.Min(_steps + 1, LeastSteps);
        if ((_worked >= least || _steps >= LeastSteps) && _samples.PerSecond > 0 && _updates.PerSecond > 0)
        {
            Volatile.Write(ref _shardSeconds, samplesOfShard / _samples.PerSecond);
            Volatile.Write(ref _updateSeconds, 1 / _updates.PerSecond);
        }
    }
}
