using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Normalization;

/// <summary>Work on planes (a channel of a sample each). A piece is a run of neighbouring planes, cut by shape alone.</summary>
internal abstract class PlaneWork(ThreadTeam team) : ParallelWork
{
    private const int RunElements = 16_384;

    private int _planes;
    private int _runPlanes;

    protected int Channels { get; private set; }

    protected int Pixels { get; private set; }

    public override void Run(int piece, int thread)
    {
        var end = Math.Min(_planes, (piece + 1) * _runPlanes);
        for (var plane = piece * _runPlanes; plane < end;)
        {
            var (sample, channel) = (plane / Channels, plane % Channels);
            var count = Math.Min(end - plane, Channels - channel);
            RunPlanes(sample, channel, count);
            plane += count;
        }
    }

    protected void Execute(int samples, int channels, int pixels)
    {
        (Channels, Pixels) = (channels, pixels);
        _planes = checked(samples * channels);
        _runPlanes = Math.Max(1, RunElements / pixels);
        team.Run(this, (_planes + _runPlanes - 1) / _runPlanes);
    }

    /// <summary>Some neighbouring channels of one sample.</summary>
    protected abstract void RunPlanes(int sample, int channel, int count);
}
