using System.Text.Json;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Training;

/// <summary>Precision, recall and F1 as sklearn.metrics.classification_report has them, by hand.</summary>
public class ClassificationReportTests
{
    private static readonly string[] Names = ["cat", "dog", "owl", "yak"];
    private static readonly int[] Labels = [0, 0, 1, 1, 2, 2, 2, -100];
    private static readonly float[] Predicted = [0, 1, 1, 1, 0, 2, 2, 3];

    [Fact]
    public void Classes_confusions_and_mistakes_are_those_of_the_samples_that_count()
    {
        var report = ClassificationReport.Of(Set(Labels), Results(), Names.Length);

        Assert.Equal(
            [new("cat", 2, 1 / 2.0, 1 / 2.0, 1 / 2.0), new("dog", 2, 2 / 3.0, 1, 4 / 5.0), new("owl", 3, 1, 2 / 3.0, 4 / 5.0), new("yak", 0, 0, 0, 0)],
            report.Classes.Select(each => (each.Name, each.Samples, each.Precision, each.Recall, each.F1)));
        Assert.Equal([(0, 0, 1, ""), (0, 1, 1, "1"), (1, 1, 2, ""), (2, 0, 1, "4"), (2, 2, 2, "")], report.Confusions.Select(pair => (pair.Label, pair.Predicted, pair.Samples, string.Join(',', pair.Examples ?? []))));
        Assert.Equal([new(4, "array, image 4", 2, 0, 9), new(1, "array, image 1", 0, 1, 3)], report.Mistakes);
        Assert.Equal((6 / 7.0, 5 / 7.0), (report.Top5, report.Sums.Accuracy));
        Assert.Equal(((1 / 2.0) + (2 / 3.0) + 1, (1 / 2.0) + 1 + (2 / 3.0), 2.1), (3 * report.Macro.Precision, 3 * report.Macro.Recall, Math.Round(3 * report.Macro.F1, 12)));
    }

    [Fact]
    public void Its_json_says_the_same_and_what_is_no_number_is_a_word()
    {
        var json = JsonDocument.Parse(ClassificationReport.Of(Set(Labels), Results(), Names.Length).ToJson()).RootElement;
        var nothing = JsonDocument.Parse(ClassificationReport.Of(Set([-100]), new SampleResults(new float[SampleResults.Rows]), 2).ToJson()).RootElement;

        Assert.Equal((8, 7, "dog"), (json.GetProperty("images").GetInt32(), json.GetProperty("counted").GetInt32(), json.GetProperty("classes")[1].GetProperty("name").GetString()));
        Assert.Equal([4], json.GetProperty("confusions")[3].GetProperty("examples").EnumerateArray().Select(sample => sample.GetInt32()));
        Assert.False(json.GetProperty("confusions")[0].TryGetProperty("examples", out _));
        Assert.Equal(9, json.GetProperty("mistakes")[0].GetProperty("loss").GetDouble());
        Assert.Equal(("NaN", "NaN", 0), (nothing.GetProperty("accuracy").GetString(), nothing.GetProperty("macro_f1").GetString(), nothing.GetProperty("confusions").GetArrayLength()));
    }

    [Fact]
    public void An_evaluation_says_what_is_predicted_and_how_many_stand_before_the_label()
    {
        using var device = CpuDevice.Create(threads: 1);
        // In evaluation a fresh batch norm changes nothing of their order.
        using var network = new Network(new Model(new Shape(1, 1, 3), new Flatten(), new BatchNorm1d()), device, new Sgd(0.1f), new NetworkOptions(4));
        float[] outputs = [0, 1, 2, 2, 1, 2, 0, 0, 0, float.NaN, 1, 0];
        outputs.CopyTo(network.Input);
        int[] labels = [1, 2, 2, 1];
        labels.CopyTo(network.Labels);
        network.Initialize(seed: 1);
        network.Evaluate(4);

        Assert.Equal([2, 0, 0, 0], network.Results.Predicted.ToArray());
        Assert.Equal([1, 1, 2, 1], network.Results.Rank.ToArray());
        Assert.Equal([0, 0, 0], network.Results.Correct[..3].ToArray());
    }

    private static DataSet Set(int[] labels) => DataSet.FromArrays(new Shape(1, 1, 1), new byte[labels.Length], labels, Names);

    /// <summary>The last sample is one that the loss ignores.</summary>
    private static SampleResults Results() => new((float[])[
        1, 3, 1, 1, 9, 1, 1, 50,
        1, 1, 1, 1, 1, 1, 1, 0,
        1, 0, 1, 1, 0, 1, 1, 0,
        1, 1, 1, 1, 1, 1, 1, 0,
        .. Predicted,
        0, 1, 0, 0, 5, 0, 0, 4]);
}
