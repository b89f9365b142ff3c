using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Element by element work on samples. A piece is a run of elements of one sample, or some small samples: cut by shape alone.</summary>
internal abstract class SampleWork(ThreadTeam team) : ParallelWork
{
    /// <summary>A multiple of every vector and of the 64 elements that a vector of Philox blocks covers.</summary>
    private const int RunElements = 16_384;

    private int _samples;
    private long _elements;
    private int _runsPerSample;
    private int _samplesPerPiece;

    public override void Run(int piece, int thread)
    {
        var sample = piece / _runsPerSample * _samplesPerPiece;
        var first = (long)(piece % _runsPerSample) * RunElements;
        var count = (int)Math.Min(RunElements, _elements - first);
        var end = Math.Min(_samples, sample + _samplesPerPiece);
        for (; sample < end; sample++)
        {
            RunElementsOf(sample, first, count);
        }
    }

    protected abstract void RunElementsOf(int sample, long first, int count);

    protected void Execute(int samples, long elements)
    {
        (_samples, _elements) = (samples, elements);
        _runsPerSample = checked((int)((elements + RunElements - 1) / RunElements));
        _samplesPerPiece = (int)Math.Max(1, RunElements / Math.Max(1, elements));
        team.Run(this, checked((samples + _samplesPerPiece - 1) / _samplesPerPiece * _runsPerSample));
    }
}
