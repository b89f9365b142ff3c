using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Training;

/// <summary>The host side of a local batch of which only a part is in the network's memory at a time.</summary>
internal sealed class HostBatch(Device device, Model model, int samples, NetworkMemory memory, LossStep loss)
{
    private readonly int _pixels = checked((int)model.Input.Elements);
    private readonly int _outputs = checked((int)model.OutputShape.Elements);
    private readonly int _targetStride = loss.TargetElements;
    private readonly float[] _input = new float[samples * model.Input.Elements];
    private readonly int[] _labels = new int[samples];
    private readonly int[] _others = new int[loss.Others.IsEmpty ? 0 : samples];
    private readonly float[] _targets = new float[(long)samples * loss.TargetElements];
    private readonly float[] _output = new float[samples * model.OutputShape.Elements];
    private readonly float[] _sampleLoss = new float[samples];
    private readonly float[] _sampleCorrect = new float[samples];

    public Span<float> Input => _input;

    public Span<int> Labels => _labels;

    public Span<int> Others => _others;

    public Span<float> Targets => _targets;

    public ReadOnlySpan<float> Output => _output;

    public ReadOnlySpan<float> SampleLoss => _sampleLoss;

    public ReadOnlySpan<float> SampleCorrect => _sampleCorrect;

    /// <summary>Some samples to where the network takes them from. What was there has been taken.</summary>
    public void Bring(int first, int count)
    {
        _input.AsSpan(first * _pixels, count * _pixels).CopyTo(memory.Input.Host);
        _labels.AsSpan(first, count).CopyTo(loss.Labels);
        if (_others.Length > 0)
        {
            _others.AsSpan(first, count).CopyTo(loss.Others);
        }

        _targets.AsSpan(first * _targetStride, count * _targetStride).CopyTo(loss.Targets);
    }

    /// <summary>Waits for what came of them.</summary>
    public void Take(int first, int count, bool outputs)
    {
        if (outputs)
        {
            device.Download(memory.Output.Slice(0, (long)count * _outputs));
        }

        device.Synchronize();
        loss.SampleLoss[..count].CopyTo(_sampleLoss.AsSpan(first));
        loss.SampleCorrect[..count].CopyTo(_sampleCorrect.AsSpan(first));
        if (outputs)
        {
            memory.Output.Host[..(count * _outputs)].CopyTo(_output.AsSpan(first * _outputs));
        }
    }
}
