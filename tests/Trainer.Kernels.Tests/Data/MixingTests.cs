using System.Text.Json;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Transforms;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Tests.Golden;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Data;

public sealed class MixingTests
{
    private static readonly Dictionary<string, JsonElement> Golden =
        GoldenValues.Load("mixing.json").GetProperty("cases").EnumerateArray().ToDictionary(golden => golden.Text("name"));

    public static TheoryData<string> Cases => [.. Golden.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Samples_and_labels_are_mixed_with_torchvisions_bits(string name)
    {
        var golden = Golden[name];
        var (shape, samples) = (golden.GetProperty("shape").ShapeOf(), golden.Int("samples"));
        var mixture = golden.GetProperty("middle") is { ValueKind: JsonValueKind.Array } middle
            ? CutMix.Of(golden.GetProperty("drawn").GetDouble(), middle[0].GetInt32(), middle[1].GetInt32(), shape)
            : Mixup.Of(golden.GetProperty("lambda").GetDouble());
        var (pixels, stride) = (GoldenValues.Tensor(name, samples * (int)shape.Elements), (int)shape.Elements);
        var mixed = new float[pixels.Length];
        for (var i = 0; i < samples; i++)
        {
            mixture.Apply(shape, pixels.AsSpan(i * stride, stride), pixels.AsSpan((i + 1) % samples * stride, stride), mixed.AsSpan(i * stride, stride));
        }

        Assert.Equal((golden.GetProperty("own").GetSingle(), golden.GetProperty("partners").GetSingle()), (mixture.Own, mixture.Partners));
        Assert.Equal(golden.Doubles("mixed").Select(value => (float)value), mixed);
    }

    /// <summary>The largest distance between what was drawn and the distribution's function, as Kolmogorov and Smirnov have it: 1.95 / sqrt(n) is passed once in a thousand times, and the seed is fixed.</summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    public void Lambda_is_of_the_beta_distribution(double alpha)
    {
        const int Draws = 20_000;
        var drawn = Draw(alpha, Draws).Order().ToArray();
        Func<double, double> cumulative = alpha switch
        {
            0.5 => x => 2 / Math.PI * Math.Asin(Math.Sqrt(x)),
            1 => x => x,
            _ => x => (3 * x * x) - (2 * x * x * x),
        };
        var distance = drawn.Select((x, i) => Math.Max(Math.Abs(cumulative(x) - ((double)i / Draws)), Math.Abs(cumulative(x) - ((i + 1.0) / Draws)))).Max();

        Assert.True(distance < 1.95 / Math.Sqrt(Draws), $"distance {distance}");
    }

    /// <summary>Mean 1/2, variance 1 / (4 (2 alpha + 1)), within four standard errors.</summary>
    [Theory]
    [InlineData(0.001)]
    [InlineData(0.2)]
    [InlineData(3.7)]
    [InlineData(1000)]
    public void Its_mean_and_variance_are_those_of_any_alpha(double alpha)
    {
        const int Draws = 20_000;
        var (drawn, variance) = (Draw(alpha, Draws), 1 / (4 * ((2 * alpha) + 1)));
        var squares = drawn.Select(x => (x - 0.5) * (x - 0.5)).ToArray();

        Assert.All(drawn, x => Assert.InRange(x, 0, 1));
        Assert.Equal(0.5, drawn.Average(), 4 * Math.Sqrt(variance / Draws));
        Assert.Equal(variance, squares.Average(), (4 * Math.Sqrt(squares.Average(s => (s - variance) * (s - variance)) / Draws)) + 1e-12);
    }

    [Fact]
    public void Each_step_draws_one_of_several_and_the_same_again()
    {
        var (image, mix) = (new Shape(3, 17, 13), new MixChoice([new Mixup(1), new CutMix(1)]));
        var mixtures = Enumerable.Range(1, 1000).Select(step => mix.Of(7, (ulong)step, image)).ToArray();

        Assert.Equal(mixtures, Enumerable.Range(1, 1000).Select(step => mix.Of(7, (ulong)step, image)));
        Assert.InRange(mixtures.Count(mixture => mixture.Box is null), 440, 560);
        Assert.All(mixtures, mixture => Assert.Equal(1, mixture.Own + mixture.Partners, 1e-6));
        Assert.Contains(mixtures, mixture => mixture.Box is { } box && (box.Left == 0 || box.Top == 0 || box.Right == 13 || box.Bottom == 17));
    }

    [Fact]
    public void Partners_are_of_the_same_shard()
    {
        var slice = new BatchSlice(11, 4, [new ShardRange(0, 2), new ShardRange(3, 4)]);
        var partners = new int[slice.LocalSamples];
        slice.FillPartners(partners);

        Assert.Equal([1, 0, 3, 4, 2, 6, 7, 5], partners); // Positions 0 1 | 2 3 4 | 8 9 10.
    }

    [Fact]
    public void Training_mixes_and_evaluation_does_not()
    {
        var (train, test) = Sets(new CutMix(1));
        using var device = CpuDevice.Create(1);
        var model = Model.FromJson("""[{"flatten":{}},{"linear":{"out_features":3}}]""", train.Shape);
        using var plain = new LocalTrainer(model, device, new Sgd(0.1), 7, seed: 5);
        using var mixed = new LocalTrainer(model, device, new TrainingRecipe(new Sgd(0.1)) { Loss = new CrossEntropy { MixesLabels = true } }, 7, seed: 5);

        Assert.Equal(plain.Evaluate(test).Loss, mixed.Evaluate(train).Loss);
        plain.TrainEpoch(test);
        mixed.TrainEpoch(train);
        Assert.NotEqual(plain.WeightsHash, mixed.WeightsHash);
        Assert.StartsWith(
            "The data mixes samples, and the loss takes one label of each; give the recipe's loss MixesLabels: new CrossEntropy { MixesLabels = true }.",
            Assert.Throws<ArgumentException>(() => plain.TrainEpoch(train)).Message);
    }

    [Theory]
    [InlineData("""{"cross_entropy":{}}""", true)]
    [InlineData("""{"mse":{}}""", true)]
    [InlineData("""{"bce_with_logits":{}}""", true)]
    [InlineData("""{"cross_entropy":{"ignore_index":2}}""", false)]
    public void A_loss_that_leaves_samples_out_takes_no_mixtures(string loss, bool fits)
    {
        var model = Model.FromJson("""[{"flatten":{}},{"linear":{"out_features":3}}]""", new Shape(1, 2, 3));
        var recipe = TrainingRecipe.FromJson($$$"""{"epochs":1,"optimizer":{"sgd":{"lr":1}},"loss":{{{loss}}}}""", """{"mixup":{"alpha":1}}""");

        Assert.True(recipe.Loss.MixesLabels);
        var problem = Record.Exception(() => recipe.CheckFits(model));
        Assert.Equal(fits ? null : "training.loss: ignores samples with label 2, and mixed samples have two labels: leave out mixup and cutmix, or ignore_index and on_error: skip", problem?.Message);
    }

    private static double[] Draw(double alpha, int count) => [.. Enumerable.Range(1, count).Select(step => new MixDraws(11, (ulong)step).Beta(alpha))];

    private static (DataSet Mixing, DataSet Plain) Sets(BatchMix mix)
    {
        byte[] pixels = [.. Enumerable.Range(0, 29 * 15).Select(i => (byte)(i * 37))];
        var plain = DataSet.FromArrays(new Shape(1, 5, 3), pixels, [.. Enumerable.Range(0, 29).Select(i => i % 3)]);
        return (plain.Mixing(mix), plain);
    }
}
