using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>The loss at the end of a forward pass: per-sample values, the output's gradient, and the sum of the samples' weights where they have any.</summary>
internal sealed class LossStep
{
    private readonly Device _device;
    private readonly Loss _loss;
    private readonly Tensor _output;
    private readonly Tensor _gradient;
    private readonly Tensor _targets;
    private readonly Tensor _classWeights;
    private readonly ParameterSlot? _weightSlot;
    private readonly int _outputs;
    private readonly int[] _labels;
    private readonly float[] _sampleLoss;
    private readonly byte[] _sampleCorrect;

    /// <exception cref="ModelException">The model's output does not fit.</exception>
    public LossStep(Device device, Model model, Loss loss, NetworkMemory memory, ParameterLayout layout, NetworkOptions options)
    {
        (_device, _loss, _output, _gradient) = (device, loss, memory.Output, memory.OutputGradient);
        _outputs = loss is CrossEntropy or SquaredError { OneHot: true } ? model.Classes : (int)model.OutputShape.Elements;
        _labels = new int[options.MaxSamples];
        _sampleLoss = new float[options.MaxSamples];
        _sampleCorrect = new byte[options.MaxSamples];
        _weightSlot = layout.Slots.FirstOrDefault(slot => slot.Kind == SlotKind.LossWeight);
        if (loss is SquaredError)
        {
            _targets = memory.AllocateMore((long)options.MaxSamples * _outputs);
        }
        else if (loss is CrossEntropy { ClassWeights: { } weights })
        {
            _classWeights = memory.AllocateMore(_outputs);
            for (var i = 0; i < weights.Count; i++)
            {
                _classWeights.Host[i] = (float)weights[i];
            }
        }
    }

    public Span<int> Labels => _labels;

    public Span<float> Targets => _targets.IsEmpty ? [] : _targets.Host;

    public ReadOnlySpan<float> SampleLoss => _sampleLoss;

    public ReadOnlySpan<byte> SampleCorrect => _sampleCorrect;

    public void Run(BatchSlice slice, IReadOnlyList<Tensor> gradients)
    {
        Compute(slice.LocalSamples, slice.Samples, _gradient);
        if (_weightSlot is { } slot)
        {
            SumWeights(slice, slot, gradients);
        }
    }

    public void Evaluate(int samples) => Compute(samples, samples, default);

    /// <param name="samples">Local ones.</param>
    /// <param name="batch">Samples by which the gradient will be divided.</param>
    /// <param name="gradient">Empty: not wanted.</param>
    private void Compute(int samples, int batch, Tensor gradient)
    {
        if (_loss is CrossEntropy entropy)
        {
            var options = new CrossEntropyOptions(entropy.IgnoreIndex, (float)entropy.LabelSmoothing, _classWeights);
            _device.SoftmaxCrossEntropy(options, _outputs, samples, _output, _labels, _sampleLoss, _sampleCorrect, gradient);
            return;
        }

        var error = (SquaredError)_loss;
        if (error.OneHot)
        {
            FillOneHot(samples);
        }

        var factor = error.Reduction == SquaredErrorReduction.Mean ? 1f / _outputs : batch;
        _device.SquaredError(factor, _outputs, samples, _output, _targets, _sampleLoss, gradient);
        Compare(samples);
    }

    private void FillOneHot(int samples)
    {
        var targets = _targets.Host[..(samples * _outputs)];
        targets.Clear();
        for (var i = 0; i < samples; i++)
        {
            targets[(i * _outputs) + _labels[i]] = 1;
        }
    }

    /// <summary>Correct: the first largest output is where the target's first largest element is.</summary>
    private void Compare(int samples)
    {
        for (var i = 0; i < samples; i++)
        {
            var row = _output.Host.Slice(i * _outputs, _outputs);
            _sampleCorrect[i] = FirstLargest(row) == FirstLargest(_targets.Host.Slice(i * _outputs, _outputs)) ? (byte)1 : (byte)0;
        }
    }

    private static int FirstLargest(ReadOnlySpan<float> values)
    {
        var first = 0;
        for (var i = 1; i < values.Length; i++)
        {
            first = values[i] > values[first] ? i : first;
        }

        return first;
    }

    /// <summary>Per root: samples of a shard one after another, shards along the tree.</summary>
    private void SumWeights(BatchSlice slice, ParameterSlot slot, IReadOnlyList<Tensor> gradients)
    {
        var (entropy, local) = ((CrossEntropy)_loss, 0);
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            if (slice.RootSamples(slice.Roots[root]) > 0)
            {
                gradients[root].Host[slot.Offset] = Node(slice.Roots[root].Lo, slice.Roots[root].Hi);
            }
        }

        float Node(int lo, int hi)
        {
            if (hi - lo == 1)
            {
                var sum = 0f;
                for (var end = local + slice.ShardSamples(lo); local < end; local++)
                {
                    sum += (float)entropy.WeightOf(_labels[local]);
                }

                return sum;
            }

            var split = ShardTree.SplitPoint(lo, hi);
            return Node(lo, split) + Node(split, hi);
        }
    }
}
