using System.Text.Json.Nodes;
using Trainer.Kernels;

namespace Trainer.Differential.Tests.Generation;

/// <summary>What a kind of layer takes.</summary>
internal enum Takes
{
    Anything,
    Images,
    Features,
}

/// <param name="Takes">Its input.</param>
/// <param name="Options">Drawn for an input of this shape.</param>
internal sealed record LayerRow(Takes Takes, Func<Draw, Shape, JsonObject> Options)
{
    public bool Fits(Shape input) => Takes == Takes.Anything || (Takes == Takes.Images) == (input.Rank == 3);
}

/// <summary>How each kind of layer is drawn: one row per kind, as in PyTorch/layers.py.</summary>
internal static class LayerRows
{
    public static IReadOnlyDictionary<string, LayerRow> All { get; } = new Dictionary<string, LayerRow>(StringComparer.Ordinal)
    {
        ["conv2d"] = new(Takes.Images, Conv2d),
        ["max_pool2d"] = new(Takes.Images, MaxPool2d),
        ["avg_pool2d"] = new(Takes.Images, AvgPool2d),
        ["adaptive_avg_pool2d"] = new(Takes.Images, AdaptivePool2d),
        ["adaptive_max_pool2d"] = new(Takes.Images, AdaptivePool2d),
        ["linear"] = new(Takes.Features, (draw, _) => Linear(draw, draw.Between(1, 13))),
        ["batch_norm1d"] = new(Takes.Features, BatchNorm),
        ["batch_norm2d"] = new(Takes.Images, BatchNorm),
        ["group_norm"] = new(Takes.Anything, GroupNorm),
        ["dropout"] = new(Takes.Anything, Dropout),
        ["dropout2d"] = new(Takes.Images, Dropout),
        ["flatten"] = new(Takes.Features, None),
        ["relu"] = new(Takes.Anything, None),
        ["leaky_relu"] = new(Takes.Anything, (draw, _) => new JsonObject().Maybe(draw, "negative_slope", () => draw.Real(-0.5, 1.5), 0.7)),
        ["zero_pad2d"] = new(Takes.Images, (draw, _) => new JsonObject { ["padding"] = draw.Chance(0.4) ? draw.Between(0, 2) : Sides(draw) }),
        ["local_response_norm"] = new(Takes.Images, (draw, _) => new JsonObject { ["size"] = draw.Between(1, 6) }
            .Maybe(draw, "alpha", () => draw.Real(1e-3, 2)).Maybe(draw, "beta", () => draw.Real(0.2, 1.5)).Maybe(draw, "k", () => draw.Real(0.3, 2))),
        ["prelu"] = new(Takes.Anything, PRelu),
        ["elu"] = new(Takes.Anything, (draw, _) => new JsonObject().Maybe(draw, "alpha", () => draw.Real(0.1, 3), 0.6)),
        ["relu6"] = new(Takes.Anything, None),
        ["hardsigmoid"] = new(Takes.Anything, None),
        ["hardswish"] = new(Takes.Anything, None),
        ["sigmoid"] = new(Takes.Anything, None),
        ["tanh"] = new(Takes.Anything, None),
        ["gelu"] = new(Takes.Anything, (draw, _) => new JsonObject().Maybe(draw, "approximate", () => draw.Of("none", "tanh"), 0.6)),
        ["silu"] = new(Takes.Anything, None),
        ["softmax"] = new(Takes.Anything, None),
        ["log_softmax"] = new(Takes.Anything, None),
    };

    public static JsonObject Linear(Draw draw, int outputs)
    {
        var options = new JsonObject { ["out_features"] = outputs }.Maybe(draw, "bias", () => draw.Chance(0.3), 0.3);
        return Initializers(draw, options);
    }

    private static JsonObject Conv2d(Draw draw, Shape input)
    {
        var groups = draw.Chance(0.3) ? Divisor(draw, input[0]) : 1;
        var options = new JsonObject { ["out_channels"] = groups * draw.Between(1, groups > 3 ? 2 : 4), ["kernel_size"] = draw.Size(1, Window(draw, input, 5)) }
            .Maybe(draw, "dilation", () => draw.Size(1, 3), 0.25).Maybe(draw, "bias", () => draw.Chance(0.3), 0.3);
        if (groups > 1 || draw.Chance(0.1))
        {
            options["groups"] = draw.IsWild ? draw.Between(1, 4) : groups;
        }

        if (draw.Chance(0.25))
        {
            options["auto_padding"] = "same";
        }
        else
        {
            options.Maybe(draw, "padding", () => draw.Size(0, 3), 0.5);
        }

        return Initializers(draw, options.ContainsKey("auto_padding") && !draw.IsWild ? options : options.Maybe(draw, "stride", () => draw.Size(1, 3)));
    }

    private static JsonObject MaxPool2d(Draw draw, Shape input) =>
        Pool2d(draw, input).Maybe(draw, "dilation", () => draw.Size(1, draw.IsWild ? 9 : 3), 0.25);

    private static JsonObject AvgPool2d(Draw draw, Shape input) => Pool2d(draw, input).Maybe(draw, "count_include_pad", () => draw.Chance(0.3), 0.5);

    private static JsonObject Pool2d(Draw draw, Shape input) => new JsonObject { ["kernel_size"] = draw.Size(1, Window(draw, input, 4)) }
        .Maybe(draw, "stride", () => draw.Size(1, 4), 0.5).Maybe(draw, "padding", () => draw.Size(0, 2)).Maybe(draw, "ceil_mode", () => draw.Chance(0.7));

    private static JsonObject AdaptivePool2d(Draw draw, Shape input) => new() { ["output_size"] = draw.Size(1, (Math.Min(input[1] + 2, 7), Math.Min(input[2] + 2, 7))) };

    private static JsonObject BatchNorm(Draw draw, Shape input)
    {
        var options = new JsonObject()
            .Maybe(draw, "eps", () => draw.Real(1e-6, 1), 0.3).Maybe(draw, "affine", () => draw.Chance(0.3), 0.3).Maybe(draw, "sync", () => draw.Chance(0.6), 0.3);
        if (draw.Chance(0.25))
        {
            options["cumulative"] = true;
        }
        else
        {
            options.Maybe(draw, "momentum", () => draw.Chance(0.2) ? draw.Between(0, 1) : draw.Real(0.01, 1));
        }

        return options;
    }

    private static JsonObject GroupNorm(Draw draw, Shape input) => new JsonObject { ["num_groups"] = draw.IsWild ? draw.Between(1, 5) : Divisor(draw, input[0]) }
        .Maybe(draw, "eps", () => draw.Real(1e-6, 1), 0.3).Maybe(draw, "affine", () => draw.Chance(0.3));

    private static JsonObject Dropout(Draw draw, Shape input) =>
        new JsonObject().Maybe(draw, "p", () => draw.Chance(0.1) ? draw.Between(0, 1) : draw.Real(0.05, 0.95), 0.7);

    /// <summary>Left, right, top, bottom.</summary>
    private static JsonArray Sides(Draw draw) => [.. Enumerable.Range(0, 4).Select(_ => (JsonNode)draw.Between(0, 2))];

    private static JsonObject PRelu(Draw draw, Shape input) => new JsonObject()
        .Maybe(draw, "num_parameters", () => draw.IsWild ? draw.Between(1, 5) : draw.Of(1, input[0]), 0.6).Maybe(draw, "init", () => draw.Real(-0.5, 1));

    private static JsonObject None(Draw draw, Shape input) => [];

    private static JsonObject Initializers(Draw draw, JsonObject options)
    {
        options.Maybe(draw, "weight_init", () => InitializerRows.Of(draw), 0.15);
        return (bool?)options["bias"] == false ? options : options.Maybe(draw, "bias_init", () => InitializerRows.Of(draw), 0.15);
    }

    private static (int Height, int Width) Window(Draw draw, Shape input, int most) =>
        draw.IsWild ? (most, most) : (Math.Min(most, input[1] + 1), Math.Min(most, input[2] + 1));

    private static int Divisor(Draw draw, int number) => draw.Of([.. Enumerable.Range(1, number).Where(divisor => number % divisor == 0)]);
}

/// <summary>How each kind of initialiser is drawn.</summary>
internal static class InitializerRows
{
    public static IReadOnlyDictionary<string, Func<Draw, JsonObject>> All { get; } = new Dictionary<string, Func<Draw, JsonObject>>(StringComparer.Ordinal)
    {
        ["kaiming_uniform"] = _ => [],
        ["kaiming_normal"] = _ => [],
        ["xavier_uniform"] = _ => [],
        ["xavier_normal"] = _ => [],
        ["normal"] = draw => new JsonObject().Maybe(draw, "mean", () => draw.Real(-0.5, 0.5)).Maybe(draw, "std", () => draw.Real(0.05, 0.7), 0.8),
        ["constant"] = draw => new JsonObject().Maybe(draw, "value", () => draw.Real(-0.4, 0.4), 0.8),
    };

    public static JsonObject Of(Draw draw)
    {
        var kind = draw.Of([.. All.Keys]);
        var options = All[kind](draw);
        options.Insert(0, "kind", kind);
        return options;
    }
}
