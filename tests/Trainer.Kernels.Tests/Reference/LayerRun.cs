using Trainer.Kernels.Devices;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Tests.Reference;

/// <summary>One layer by itself on a device, with the objective sum of c y for fixed random c, so that dy = c.</summary>
public sealed class LayerRun
{
    private readonly Layer _layer;
    private readonly BatchSlice _slice;
    private readonly LayerContext _context;
    private readonly IReadOnlyList<Parameter> _parameters;

    public LayerRun(Device device, Layer layer, Shape input, BatchSlice slice)
    {
        (_layer, _slice) = (layer, slice);
        var output = layer.OutputShape(input);
        _parameters = layer.Parameters(input);
        Tensor Fill(ulong seed, long elements)
        {
            var tensor = new Tensor(device.Allocate(elements), 0, elements);
            TestData.Values((int)elements, seed).CopyTo(tensor.Host);
            return tensor;
        }

        var samples = slice.LocalSamples;
        _context = new LayerContext(device, input, output)
        {
            Parameters = new LayerState(
                [.. _parameters.Select((parameter, i) => Fill(100 + (ulong)i, parameter.Shape.Elements))],
                [.. _parameters.Select(parameter => slice.Roots.Select(_ => Fill(7, parameter.Shape.Elements)).ToArray())]),
            X = Fill(1, samples * input.Elements),
            Y = Fill(2, samples * output.Elements),
            Dy = Fill(3, samples * output.Elements),
            Dx = Fill(4, samples * input.Elements),
        };
        _context.Train(slice, seed: 5, step: 1);
    }

    public void Check(string name)
    {
        _layer.Forward(_context);
        _layer.Backward(_context);
        var checker = new GradientChecker(Objective);
        checker.Check($"{name}: x", _context.X.Host, _context.Dx.Host.ToArray());
        for (var i = 0; i < _parameters.Count; i++)
        {
            checker.Check($"{name}: {_parameters[i].Name}", _context.Parameter(i).Host, SumOverRoots(i));
        }
    }

    private double Objective()
    {
        _layer.Forward(_context);
        var (y, dy, sum) = (_context.Y.Host.ToArray(), _context.Dy.Host.ToArray(), 0.0);
        for (var i = 0; i < y.Length; i++)
        {
            sum += (double)y[i] * dy[i];
        }

        return sum;
    }

    private float[] SumOverRoots(int parameter)
    {
        var sum = new float[_parameters[parameter].Shape.Elements];
        for (var root = 0; root < _slice.Roots.Count; root++)
        {
            var gradient = _context.Gradients(parameter)[root].Host;
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += gradient[i];
            }
        }

        return sum;
    }
}
