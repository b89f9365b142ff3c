using System.Text;
using System.Text.Json;
using Trainer.Kernels.Data;

namespace Trainer.Kernels.Training;

/// <summary>How a class fared in an evaluation.</summary>
/// <param name="Label">Its number.</param>
/// <param name="Samples">That have this label.</param>
/// <param name="Precision">The part of those that were taken for this class that are of it; 0 where none was, as sklearn has it.</param>
/// <param name="Recall">The part of its samples that were taken for it; 0 where it has none.</param>
/// <param name="F1">Their harmonic mean; 0 where both are.</param>
public sealed record ClassResult(int Label, string Name, long Samples, double Precision, double Recall, double F1);

/// <summary>A sample that was taken for another class.</summary>
/// <param name="Name">As the data set calls it: a file's name.</param>
public sealed record Mistake(int Index, string Name, int Label, int Predicted, double Loss);

/// <summary>So many samples of one class were taken for another.</summary>
public readonly record struct Confusion(int Label, int Predicted, long Samples)
{
    /// <summary>The first of them, by their places in the set; null where they were taken for what they are.</summary>
    public IReadOnlyList<int>? Examples { get; init; }
}

/// <summary>What an evaluation found: how often the right class is the first or among the first five, how each class fared, and which are taken for which.</summary>
/// <param name="Sums">Of all samples.</param>
/// <param name="Top5">0..1, of the samples that count; NaN where none does.</param>
/// <param name="Classes">By label.</param>
/// <param name="Confusions">Of all pairs that occur, right ones too; by label, then by what it was taken for.</param>
/// <param name="Mistakes">The worst ones, by loss.</param>
public sealed record ClassificationReport(
    PassSums Sums, double Top5, IReadOnlyList<ClassResult> Classes, IReadOnlyList<Confusion> Confusions, IReadOnlyList<Mistake> Mistakes)
{
    private const int Top = 5;
    private const int MostMistakes = 20;
    private const int MostExamples = 12;

    /// <summary>Means over the classes that occur, as labels or as predictions, each counting alike.</summary>
    public (double Precision, double Recall, double F1) Macro
    {
        get
        {
            var occurring = Confusions.SelectMany(pair => (int[])[pair.Label, pair.Predicted]).ToHashSet();
            List<ClassResult> classes = [.. Classes.Where(each => occurring.Contains(each.Label))];
            return (Mean(each => each.Precision), Mean(each => each.Recall), Mean(each => each.F1));

            double Mean(Func<ClassResult, double> value) => classes.Select(value).DefaultIfEmpty(double.NaN).Average();
        }
    }

    /// <param name="results">Of all samples of the set, in its order.</param>
    /// <param name="classes">That the model knows.</param>
    public static ClassificationReport Of(DataSet set, SampleResults results, int classes)
    {
        var (pairs, examples, wrong, top) = (new Dictionary<(int Label, int Predicted), long>(), new Dictionary<(int Label, int Predicted), List<int>>(), new List<(int Index, float Loss)>(), 0L);
        for (var i = 0; i < results.Count; i++)
        {
            if (results.Counted[i] == 0)
            {
                continue;
            }

            var pair = (set.LabelOf(i), (int)results.Predicted[i]);
            pairs[pair] = pairs.GetValueOrDefault(pair) + 1;
            top += results.Rank[i] < Top ? 1 : 0;
            if (results.Rank[i] > 0)
            {
                wrong.Add((i, results.Loss[i]));
            }

            if (pair.Item1 != pair.Item2)
            {
                AddExample(examples, pair, i);
            }
        }

        var mistakes = new List<Mistake>();
        foreach (var (index, loss) in wrong.OrderByDescending(each => float.IsNaN(each.Loss) ? float.PositiveInfinity : each.Loss).ThenBy(each => each.Index).Take(MostMistakes))
        {
            mistakes.Add(new Mistake(index, set.NameOf(index), set.LabelOf(index), (int)results.Predicted[index], loss));
        }

        var sums = default(PassSums).With(results);
        List<Confusion> confusions = [.. pairs.OrderBy(pair => pair.Key).Select(pair => new Confusion(pair.Key.Label, pair.Key.Predicted, pair.Value) { Examples = examples.GetValueOrDefault(pair.Key) })];
        return new ClassificationReport(sums, (double)top / sums.Counted, ClassesOf(set, confusions, classes), confusions, mistakes);
    }

    /// <summary>One JSON object. What is no number is a word, as proto3 has it.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            WriteMembers(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void AddExample(Dictionary<(int Label, int Predicted), List<int>> examples, (int Label, int Predicted) pair, int sample)
    {
        if (!examples.TryGetValue(pair, out var found))
        {
            examples[pair] = found = [];
        }

        if (found.Count < MostExamples)
        {
            found.Add(sample);
        }
    }

    private static List<ClassResult> ClassesOf(DataSet set, IReadOnlyList<Confusion> confusions, int classes)
    {
        var (samples, predicted, right) = (new long[classes], new long[classes], new long[classes]);
        foreach (var pair in confusions)
        {
            samples[pair.Label] += pair.Samples;
            predicted[pair.Predicted] += pair.Samples;
            right[pair.Label] += pair.Label == pair.Predicted ? pair.Samples : 0;
        }

        return [.. Enumerable.Range(0, classes).Select(label => new ClassResult(
            label, set.ClassNameOf(label), samples[label], Ratio(right[label], predicted[label]), Ratio(right[label], samples[label]), Ratio(2 * right[label], samples[label] + predicted[label])))];
    }

    private static double Ratio(long of, long all) => all == 0 ? 0 : (double)of / all;

    private void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteNumber("images", Sums.Samples);
        json.WriteNumber("counted", Sums.Counted);
        Write(json, "loss", Sums.MeanLoss);
        Write(json, "accuracy", Sums.Accuracy);
        Write(json, "top5_accuracy", Top5);
        Write(json, "macro_precision", Macro.Precision);
        Write(json, "macro_recall", Macro.Recall);
        Write(json, "macro_f1", Macro.F1);
        WriteList(json, "classes", Classes, each =>
        {
            json.WriteNumber("label", each.Label);
            json.WriteString("name", each.Name);
            json.WriteNumber("images", each.Samples);
            Write(json, "precision", each.Precision);
            Write(json, "recall", each.Recall);
            Write(json, "f1", each.F1);
        });
        WriteList(json, "confusions", Confusions, pair =>
        {
            json.WriteNumber("label", pair.Label);
            json.WriteNumber("predicted", pair.Predicted);
            json.WriteNumber("images", pair.Samples);
            if (pair.Examples is { } examples)
            {
                json.WriteStartArray("examples");
                foreach (var sample in examples)
                {
                    json.WriteNumberValue(sample);
                }

                json.WriteEndArray();
            }
        });
        WriteList(json, "mistakes", Mistakes, mistake =>
        {
            json.WriteNumber("image", mistake.Index);
            json.WriteString("name", mistake.Name);
            json.WriteNumber("label", mistake.Label);
            json.WriteNumber("predicted", mistake.Predicted);
            Write(json, "loss", mistake.Loss);
        });
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteString(name, double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        }
    }
}
