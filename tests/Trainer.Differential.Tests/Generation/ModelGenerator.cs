using System.Text.Json.Nodes;
using Trainer.Kernels;
using Trainer.Kernels.Models;

namespace Trainer.Differential.Tests.Generation;

/// <summary>Draws the layers of a network, from an image to scores; each layer fits what comes out of the ones before it, unless the case is wild.</summary>
internal sealed class ModelGenerator(Draw draw)
{
    private const int Tries = 8, MaxElements = 1500;
    private int _names;

    /// <param name="input">(C, H, W)</param>
    /// <param name="outputs">Scores of a sample.</param>
    public JsonArray Network(Shape input, int outputs)
    {
        var (layers, shape) = Append([], input, draw.Between(0, 5), depth: 0);
        if (shape.Rank == 3)
        {
            layers.Add(Layer("flatten", []));
            (layers, shape) = Append(layers, new Shape(checked((int)shape.Elements)), draw.Between(0, 3), depth: 0);
        }

        layers.Add(Layer("linear", LayerRows.Linear(draw, outputs)));
        if (draw.Chance(0.15))
        {
            layers.Add(Layer(draw.Of("tanh", "log_softmax", "softmax", "sigmoid", "relu"), []));
        }

        return layers;
    }

    private (JsonArray Layers, Shape Output) Append(JsonArray layers, Shape input, int count, int depth)
    {
        for (var i = 0; i < count; i++)
        {
            for (var tries = 0; tries < (draw.IsWild ? 1 : Tries); tries++)
            {
                var layer = Any(input, depth);
                if (After(input, layer) is { } output && output.Elements <= MaxElements)
                {
                    layers.Add(layer);
                    input = output;
                    break;
                }

                if (draw.IsWild)
                {
                    layers.Add(layer);
                }
            }
        }

        return (layers, input);
    }

    private JsonObject Any(Shape input, int depth)
    {
        if (depth < 2 && draw.Chance(0.2))
        {
            var container = draw.Of([.. ContainerRows.Keys]);
            return Layer(container, ContainerRows[container](this, input, depth + 1));
        }

        var kind = draw.Of([.. LayerRows.All.Where(row => row.Value.Fits(input) || (draw.IsWild && draw.Chance(0.05))).Select(row => row.Key)]);
        return Layer(kind, LayerRows.All[kind].Options(draw, input.Rank == 3 || LayerRows.All[kind].Fits(input) ? input : new Shape(input[0], 5, 7)));
    }

    /// <summary>How each kind of container is drawn; all fit together whatever is in them.</summary>
    public static IReadOnlyDictionary<string, Func<ModelGenerator, Shape, int, JsonObject>> ContainerRows { get; } =
        new Dictionary<string, Func<ModelGenerator, Shape, int, JsonObject>>(StringComparer.Ordinal)
        {
            ["sequential"] = (generator, input, depth) => new() { ["layers"] = generator.Some(input, depth).Layers },
            ["residual"] = (generator, input, depth) => generator.Residual(input, depth),
            ["concat"] = (generator, input, depth) => generator.Concat(input, depth),
            ["multiply"] = (generator, input, depth) => generator.Multiply(input, depth),
        };

    private (JsonArray Layers, Shape Output) Some(Shape input, int depth)
    {
        var (layers, output) = Append([], input, draw.Between(1, 3), depth);
        return layers.Count > 0 ? (layers, output) : ([Layer("relu", [])], input);
    }

    private JsonObject Residual(Shape input, int depth)
    {
        var (layers, output) = Some(input, depth);
        var residual = new JsonObject { ["layers"] = layers };
        if (output != input || draw.Chance(0.3))
        {
            residual["shortcut"] = output.Rank == 1
                ? new JsonArray(Layer("linear", LayerRows.Linear(draw, output[0])))
                : new JsonArray(Resize(output), Layer("conv2d", new JsonObject { ["out_channels"] = output[0], ["kernel_size"] = 1 }));
        }

        return residual;
    }

    /// <summary>Branches of images end with a pool where their sizes differ from the first one's.</summary>
    private JsonObject Concat(Shape input, int depth)
    {
        var (branches, first) = (new JsonArray(), (Shape?)null);
        for (var i = draw.Between(1, 3); i > 0; i--)
        {
            var (layers, output) = draw.Chance(0.2) ? ([], input) : Some(input, depth);
            first ??= output;
            if (output.Rank == 3 && (output[1], output[2]) != (first.Value[1], first.Value[2]))
            {
                layers.Add(Resize(first.Value));
            }

            branches.Add(layers.Count == 0 ? [] : new JsonObject { ["layers"] = layers });
        }

        return new JsonObject { ["branches"] = branches };
    }

    /// <summary>Sides of one shape, or gates: as many channels of one pixel.</summary>
    private JsonObject Multiply(Shape input, int depth)
    {
        var (layers, output) = draw.Chance(0.3) ? ([], input) : Some(input, depth);
        var branches = new JsonArray(layers.Count == 0 ? [] : new JsonObject { ["layers"] = layers });
        for (var i = draw.Between(1, 2); i > 0; i--)
        {
            var side = new JsonArray();
            if (output.Rank == 1)
            {
                side.Add(Layer("linear", LayerRows.Linear(draw, output[0])));
            }
            else
            {
                side.Add(Resize(draw.Chance(0.6) ? new Shape(output[0], 1, 1) : output));
                side.Add(Layer("conv2d", new JsonObject { ["out_channels"] = output[0], ["kernel_size"] = 1 }));
            }

            side.Add(Layer(draw.Of("sigmoid", "hardsigmoid", "tanh"), []));
            branches.Insert(draw.Between(0, branches.Count), new JsonObject { ["layers"] = side });
        }

        return new JsonObject { ["branches"] = branches };
    }

    private JsonObject Resize(Shape to) => Layer(draw.Of("adaptive_avg_pool2d", "adaptive_max_pool2d"), new JsonObject { ["output_size"] = new JsonArray(to[1], to[2]) });

    private JsonObject Layer(string kind, JsonObject options) =>
        draw.Chance(0.1) ? new JsonObject { ["name"] = $"{draw.Of("features", "fc", "part")}_{++_names}", [kind] = options } : new JsonObject { [kind] = options };

    /// <summary>What a layer makes of an input; null where it does not fit.</summary>
    private static Shape? After(Shape input, JsonObject layer)
    {
        var before = Before(input);
        var start = input.Rank == 3 ? input : new Shape(input[0], 1, 1);
        _ = Model.FromJson(before.ToJsonString(), start); // What is refused from here on is the layer.
        before.Add(layer.DeepClone());
        try
        {
            return Model.FromJson(before.ToJsonString(), start).OutputShape;
        }
        catch (ModelException)
        {
            return null;
        }
    }

    // A layer with parameters, after which an input has the same shape.
    private static JsonArray Before(Shape input)
    {
        var layers = new JsonArray(new JsonObject { ["conv2d"] = new JsonObject { ["out_channels"] = input[0], ["kernel_size"] = 1 } });
        if (input.Rank == 1)
        {
            layers.Add(new JsonObject { ["flatten"] = new JsonObject() });
        }

        return layers;
    }
}
