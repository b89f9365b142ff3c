using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Functional;

/// <summary>A layer by itself on a device, for one pass: its tensors are freed with it.</summary>
internal sealed class LayerPass : IDisposable
{
    private readonly Device _device;
    private readonly Layer _layer;
    private readonly Shape _input;
    private readonly bool _batched;
    private readonly int _samples;
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly List<DeviceMemory> _memory = [];
    private readonly NdArray[] _values;
    private readonly NdArray _x;

    /// <exception cref="ModelException">The layer's options, x or a parameter do not fit.</exception>
    public LayerPass(Device device, Layer layer, NdArray x, ReadOnlySpan<NdArray> parameters)
    {
        (_device, _layer, _x, _values) = (device, layer, x, [.. parameters]);
        _batched = x.Shape.Rank > 0 && x.Shape.Rank % 2 == 0;
        (_samples, _input) = _batched ? (x.Shape[0], new Shape(x.Shape.Dimensions.AsSpan()[1..])) : (1, x.Shape);
        Output = OutputOf(layer, _input);
        _parameters = layer.Parameters(_input);
        Check();
    }

    /// <summary>Of a sample.</summary>
    private Shape Output { get; }

    public NdArray Forward()
    {
        if (_layer.IsView)
        {
            return new NdArray(Whole(Output), [.. _x.Values]);
        }

        var context = ContextOf(dy: default, dx: default, []);
        context.Evaluate(state: 0, _samples);
        _layer.Forward(context);
        return Read(context.Y, Output);
    }

    /// <exception cref="ModelException">dy is not of the shape of y.</exception>
    public LayerGradients Backward(NdArray dy)
    {
        Require("dy", dy.Shape, Whole(Output));
        if (_layer.IsView)
        {
            return new LayerGradients(new NdArray(Whole(_input), [.. dy.Values]), []);
        }

        Tensor[][] gradients = [.. _parameters.Select(parameter => new[] { Zeros(parameter.Shape.Elements) })];
        var context = ContextOf(Place(dy.Values), Zeros(_samples * _input.Elements), gradients);
        context.Train(state: 0, BatchSlice.Whole(_samples, shards: 1), firstBuffer: 0, seed: 0, step: 0);
        _layer.Forward(context);
        _layer.Backward(context);
        return new LayerGradients(Read(context.Dx, _input), [.. _parameters.Select((parameter, i) => new NdArray(parameter.Shape, Values(gradients[i][0])))]);
    }

    public void Dispose()
    {
        _device.Synchronize();
        _memory.ForEach(memory => memory.Dispose());
    }

    private static Shape OutputOf(Layer layer, Shape input)
    {
        try
        {
            return layer.OutputShape(input);
        }
        catch (LayerException wrong)
        {
            throw new ModelException(wrong.Option is { } option ? $"{layer.Kind}.{option}" : layer.Kind, wrong.Message);
        }
    }

    private void Check()
    {
        if (_samples == 0)
        {
            throw new ModelException(_layer.Kind, $"x is {_x.Shape}, which has no samples");
        }

        if (_values.Length != _parameters.Count)
        {
            var expected = _parameters.Count == 0 ? "none" : string.Join(" and ", _parameters.Select(parameter => $"{parameter.Name} {parameter.Shape}"));
            throw new ModelException(_layer.Kind, $"got {_values.Length} parameters; expected {expected}");
        }

        for (var i = 0; i < _values.Length; i++)
        {
            Require(_parameters[i].Name, _values[i].Shape, _parameters[i].Shape);
        }
    }

    private void Require(string what, Shape found, Shape expected)
    {
        if (found != expected)
        {
            throw new ModelException(_layer.Kind, $"{what} is {found}; expected {expected} for an input of {Whole(_input)}");
        }
    }

    private LayerContext ContextOf(Tensor dy, Tensor dx, Tensor[][] gradients)
    {
        var saved = _layer.Saved(_input);
        var statistics = _layer.Statistics(_input);
        return new LayerContext(_device, _input, Output)
        {
            Parameters = new LayerState([[.. _values.Select(values => Place(values.Values))]], gradients),
            Statistics = new LayerState(
                [[.. statistics.Select(statistic => Place([.. Enumerable.Repeat(statistic.Initial, (int)statistic.Shape.Elements)]))]],
                [.. statistics.Select(statistic => new[] { Zeros(statistic.Shape.Elements) })]),
            X = Place(_x.Values),
            Y = Zeros(_samples * Output.Elements),
            Dy = dy,
            Dx = dx,
            Saved = (saved.PerSample * _samples) + saved.PerGroup is > 0 and var elements ? Zeros(elements) : default,
        };
    }

    private Shape Whole(Shape sample) => _batched ? new Shape([_samples, .. sample.Dimensions]) : sample;

    private NdArray Read(Tensor tensor, Shape sample) => new(Whole(sample), Values(tensor));

    private float[] Values(Tensor tensor)
    {
        _device.Download(tensor);
        _device.Synchronize();
        return tensor.Host.ToArray();
    }

    private Tensor Place(ReadOnlySpan<float> values)
    {
        var tensor = Zeros(values.Length);
        values.CopyTo(tensor.Host);
        _device.Upload(tensor);
        return tensor;
    }

    private Tensor Zeros(long elements)
    {
        var memory = _device.Allocate(elements);
        _memory.Add(memory);
        return new Tensor(memory, 0, elements);
    }
}
