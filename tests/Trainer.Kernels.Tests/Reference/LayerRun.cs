using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Devices;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>
/// One layer by itself on a device: forward and backward with a given dy. What an operation must write holds NaN before, so that what it leaves is found.
/// </summary>
public sealed class LayerRun
{
    public const ulong Seed = 5;

    public const ulong Step = 3;

    private readonly LayerContext _context;
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor[]> _perRoot = new(StringComparer.Ordinal);

    /// <param name="fill">Gives a tensor by name its values: x, dy, and the layer's own (weight, running_mean).</param>
    public LayerRun(Device device, Layer layer, Shape input, BatchSlice slice, Action<string, Span<float>> fill)
    {
        (Device, Layer, Slice) = (device, layer, slice);
        (Input, Output) = (input, layer.OutputShape(input));
        var own = layer.Parameters(input).Select(parameter => (parameter.Name, parameter.Shape)).ToList();
        var statistics = layer.Statistics(input).Select(statistic => (statistic.Name, statistic.Shape)).ToList();
        _context = new LayerContext(device, input, Output)
        {
            Parameters = State(own, fill),
            Statistics = State(statistics, fill),
            X = Given("x", Samples * input.Elements, fill),
            Y = Unwritten("y", Samples * Output.Elements),
            Dy = Given("dy", Samples * Output.Elements, fill),
            Dx = Unwritten("dx", Samples * input.Elements),
            Saved = Saved(layer.Saved(input)),
        };
        ParameterNames = [.. own.Select(parameter => parameter.Name)];
        StatisticNames = [.. statistics.Select(statistic => statistic.Name)];
    }

    public Device Device { get; }

    public Layer Layer { get; }

    public Shape Input { get; }

    public Shape Output { get; }

    public BatchSlice Slice { get; }

    public int Samples => Slice.LocalSamples;

    public IReadOnlyList<string> ParameterNames { get; }

    public IReadOnlyList<string> StatisticNames { get; }

    /// <summary>The number of terms of the sums that give y, dx and the parameters' gradients.</summary>
    public (long Forward, long Backward, long Parameters) Terms
    {
        get
        {
            var pixels = Samples * Output.Elements / Output[0];
            return Layer switch
            {
                Conv2d conv => (
                    _tensors["weight"].Elements / conv.OutChannels,
                    (long)conv.OutChannels / conv.Groups * conv.KernelSize.Height * conv.KernelSize.Width,
                    pixels),
                Linear linear => (Input[0], linear.OutFeatures, Samples),
                BatchNorm => (Samples * Input.Elements, Samples * Input.Elements, pixels),
                _ => (Input.Elements, Input.Elements, pixels),
            };
        }
    }

    /// <summary>The values of x, y, dx, dy, or of a parameter or a statistic.</summary>
    public float[] this[string tensor]
    {
        get => Device.Read(_tensors[tensor]);
        set => Device.Write(_tensors[tensor], value);
    }

    /// <summary>Likewise, for a device's operations.</summary>
    public Tensor Tensor(string tensor) => _tensors[tensor];

    public void Forward()
    {
        _context.Train(0, Slice, 0, Seed, Step);
        Layer.Forward(_context);
    }

    public void Evaluate()
    {
        _context.Evaluate(0, Samples);
        Layer.Forward(_context);
    }

    /// <summary>After <see cref="Forward"/>.</summary>
    public void Backward() => Layer.Backward(_context);

    /// <summary>What the roots contribute to a parameter's gradient or to a statistic, added up: per element a sum over all samples.</summary>
    public double[] SumOverRoots(string tensor)
    {
        var sum = new double[_tensors[tensor].Elements];
        foreach (var root in Enumerable.Range(0, Slice.Roots.Count).Where(root => Slice.RootSamples(Slice.Roots[root]) > 0))
        {
            var part = Device.Read(_perRoot[tensor][root]);
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += part[i];
            }
        }

        return sum;
    }

    private LayerState State(List<(string Name, Shape Shape)> tensors, Action<string, Span<float>> fill)
    {
        foreach (var (name, shape) in tensors)
        {
            Given(name, shape.Elements, fill);
            _perRoot[name] = [.. Slice.Roots.Select(_ => Unwritten($"{name} of a root", shape.Elements))];
        }

        return new LayerState([[.. tensors.Select(tensor => _tensors[tensor.Name])]], [.. tensors.Select(tensor => _perRoot[tensor.Name])]);
    }

    /// <summary>With room for the reference, which keeps a whole element per output where other devices make do with less.</summary>
    private Tensor Saved(SavedSize size)
    {
        var groups = (Slice.Shards + Slice.GroupShards - 1) / Slice.GroupShards;
        var perSample = size.PerSample == 0 ? 0 : Math.Max(size.PerSample, Output.Elements);
        var elements = (perSample * Samples) + (size.PerGroup * groups);
        return elements == 0 ? default : Unwritten("saved", elements);
    }

    private Tensor Given(string name, long elements, Action<string, Span<float>> fill)
    {
        var values = new float[elements];
        fill(name, values);
        return _tensors[name] = Device.Place(values);
    }

    private Tensor Unwritten(string name, long elements) => _tensors[name] = Device.Place([.. Enumerable.Repeat(float.NaN, (int)elements)]);
}
