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
    private readonly Tensor _positiveWeights;
    private readonly ParameterSlot? _weightSlot;
    private readonly int _outputs;
    private readonly Tensor _labels;
    private readonly Tensor _others;
    private readonly Tensor _sampleLoss;
    private readonly Tensor _sampleCorrect;

    /// <exception cref="ModelException">The model's output does not fit.</exception>
    public LossStep(Device device, Model model, Loss loss, NetworkMemory memory, ParameterLayout layout, NetworkOptions options)
    {
        (_device, _loss, _output, _gradient) = (device, loss, memory.Output, memory.OutputGradient);
        _outputs = OutputsOf(model, loss);
        _labels = memory.AllocateMore(options.PassSamples);
        _others = loss.MixesLabels ? memory.AllocateMore(options.PassSamples) : default;
        _sampleLoss = memory.AllocateMore(options.PassSamples);
        _sampleCorrect = memory.AllocateMore(options.PassSamples);
        _weightSlot = layout.Slots.FirstOrDefault(slot => slot.Kind == SlotKind.LossWeight);
        if (loss is OutputLoss)
        {
            _targets = memory.AllocateMore((long)options.PassSamples * _outputs);
        }

        if (loss is BinaryCrossEntropy binary)
        {
            (_classWeights, _positiveWeights) = (PlaceWeights(binary.Weight, memory), PlaceWeights(binary.PosWeight, memory));
        }
        else if (loss is CrossEntropy { ClassWeights: { } weights })
        {
            _classWeights = PlaceWeights(weights, memory);
        }
    }

    /// <summary>Host memory for the class indices, (MaxSamples).</summary>
    public Span<int> Labels => _labels.HostInts;

    /// <summary>Likewise of partners; empty where the loss does not mix labels.</summary>
    public Span<int> Others => _others.IsEmpty ? [] : _others.HostInts;

    /// <summary>What both count; null: samples have one label.</summary>
    public LabelShares? Shares { get; set; }

    /// <summary>Of each sample; 0 where labels say what is wanted.</summary>
    public int TargetElements => _targets.IsEmpty ? 0 : _outputs;

    public Span<float> Targets => _targets.IsEmpty ? [] : _targets.Host;

    /// <summary>On the host once the device has reached the end of the pass.</summary>
    public ReadOnlySpan<float> SampleLoss => _sampleLoss.Host;

    /// <summary>1 or 0; on the host as <see cref="SampleLoss"/>.</summary>
    public ReadOnlySpan<float> SampleCorrect => _sampleCorrect.Host;

    /// <summary>Elements that it allocates for so many samples.</summary>
    public static long Elements(Model model, Loss loss, int samples) => (loss.MixesLabels ? samples : 0) + loss switch
    {
        BinaryCrossEntropy => (samples * (3L + OutputsOf(model, loss))) + (2L * OutputsOf(model, loss)),
        OutputLoss => samples * (3L + OutputsOf(model, loss)),
        CrossEntropy { ClassWeights: not null } => (3L * samples) + model.Classes,
        _ => 3L * samples,
    };

    /// <param name="firstBuffer">The gradient buffer of the slice's first root.</param>
    public void Run(BatchSlice slice, IReadOnlyList<Tensor> gradients, int firstBuffer)
    {
        Compute(slice.LocalSamples, slice.Samples, _gradient);
        if (_weightSlot is { } slot)
        {
            SumWeights(slice, slot, gradients, firstBuffer);
        }
    }

    public void Evaluate(int samples) => Compute(samples, samples, default);

    /// <param name="samples">Local ones.</param>
    /// <param name="batch">Samples by which the gradient will be divided.</param>
    /// <param name="gradient">Empty: not wanted.</param>
    private void Compute(int samples, int batch, Tensor gradient)
    {
        _device.Upload(_labels.Slice(0, samples));
        if (_loss is CrossEntropy entropy)
        {
            var options = new CrossEntropyOptions(entropy.Ignored, (float)entropy.LabelSmoothing, _classWeights);
            if (Shares is { } shares)
            {
                _device.Upload(_others.Slice(0, samples));
                options = options with { OtherLabels = _others.Slice(0, samples), Shares = shares };
            }

            _device.Losses.SoftmaxCrossEntropy(options, _outputs, samples, _output, _labels, _sampleLoss, _sampleCorrect, gradient);
        }
        else
        {
            Compare((OutputLoss)_loss, samples, batch, gradient);
        }

        _device.Download(_sampleLoss.Slice(0, samples));
        _device.Download(_sampleCorrect.Slice(0, samples));
    }

    private void Compare(OutputLoss loss, int samples, int batch, Tensor gradient)
    {
        if (loss.OneHot)
        {
            FillOneHot(samples);
        }

        _device.Upload(_targets.Slice(0, (long)samples * _outputs));
        var factors = loss.Reduction == LossReduction.Mean ? new LossFactors(1f / _outputs, 1f / _outputs) : new(1, batch);
        if (loss is BinaryCrossEntropy)
        {
            _device.Losses.BinaryCrossEntropy(
                factors, _outputs, samples, _classWeights, _positiveWeights, _output, _targets, _sampleLoss, _sampleCorrect, gradient);
        }
        else
        {
            _device.Losses.SquaredError(factors, _outputs, samples, _output, _targets, _sampleLoss, _sampleCorrect, gradient);
        }
    }

    /// <summary>Outputs that are compared with something.</summary>
    private static int OutputsOf(Model model, Loss loss) => loss is OutputLoss { OneHot: false } ? (int)model.OutputShape.Elements : model.Classes;

    /// <param name="weights">One per output; null: 1.</param>
    private Tensor PlaceWeights(IReadOnlyList<double>? weights, NetworkMemory memory)
    {
        var placed = memory.AllocateMore(_outputs);
        for (var i = 0; i < _outputs; i++)
        {
            placed.Host[i] = (float)(weights?[i] ?? 1);
        }

        _device.Upload(placed);
        return placed;
    }

    private void FillOneHot(int samples)
    {
        var targets = _targets.Host[..(samples * _outputs)];
        targets.Clear();
        for (var i = 0; i < samples; i++)
        {
            targets[(i * _outputs) + Labels[i]] = Shares?.First ?? 1;
            if (Shares is { } shares)
            {
                targets[(i * _outputs) + Others[i]] += shares.Second;
            }
        }
    }

    /// <summary>Per root: samples of a shard one after another, shards along the tree.</summary>
    private void SumWeights(BatchSlice slice, ParameterSlot slot, IReadOnlyList<Tensor> gradients, int firstBuffer)
    {
        var (entropy, local) = ((CrossEntropy)_loss, 0);
        for (var root = 0; root < slice.Roots.Count; root++)
        {
            if (slice.RootSamples(slice.Roots[root]) > 0)
            {
                var sum = gradients[firstBuffer + root].Slice(slot.Offset, 1);
                sum.Host[0] = Node(slice.Roots[root].Lo, slice.Roots[root].Hi);
                _device.Upload(sum);
            }
        }

        float Node(int lo, int hi)
        {
            if (hi - lo == 1)
            {
                var sum = 0f;
                for (var end = local + slice.ShardSamples(lo); local < end; local++)
                {
                    sum += entropy.WeightOf(Labels[local]);
                }

                return sum;
            }

            var split = ShardTree.SplitPoint(lo, hi);
            return Node(lo, split) + Node(split, hi);
        }
    }
}
