using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Packs;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Data.Transforms;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Data;

public sealed class SeveralLabelsTests : IDisposable
{
    private const string Layers = """[{"flatten":{}},{"linear":{"out_features":3}}]""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_picture_has_the_labels_of_its_line()
    {
        var (train, test) = Open("path,labels", "0.png,owl,cat", "1.png,dog", "2.png", "3.png,cat,,", "4.png,dog,cat,owl");
        var targets = new float[3];

        Assert.True(train.HasSeveralLabels && test.HasSeveralLabels);
        Assert.Equal(["cat", "dog", "owl"], train.ClassNames);
        Assert.Equal((3, 5), (train.Classes, train.Count));
        Assert.Equal("0 2|1||0|0 1 2", string.Join('|', Enumerable.Range(0, 5).Select(i => string.Join(' ', train.LabelsOf(i)))));
        train.FillTargets(0, targets);
        Assert.Equal([1, 0, 1], targets);
        train.FillTargets(2, targets);
        Assert.Equal([0, 0, 0], targets);
    }

    [Fact]
    public void Numbers_may_start_at_one()
    {
        var (train, _) = Open("""{"labels":"several"}""", 1, "0.png,1,3", "1.png,2");

        Assert.Equal((3, "0 2"), (train.Classes, string.Join(' ', train.LabelsOf(0))));
    }

    [Fact]
    public void No_label_is_another_id_than_label_0()
    {
        File.WriteAllText(_folder.File("0.png"), "no picture"); // Only their lengths are asked.
        File.WriteAllText(_folder.File("1.png"), "no picture");
        var (none, first) = (Open("0.png,", "1.png,1,2").Train, Open("0.png,0", "1.png,1,2").Train);

        Assert.Equal(("", "0"), (string.Join(' ', none.LabelsOf(0)), string.Join(' ', first.LabelsOf(0))));
        Assert.NotEqual(DataIds.Of(none, none)!.Content, DataIds.Of(first, first)!.Content);
    }

    [Theory]
    [InlineData("0.png,cat,cat", "line 1 has the label 'cat' twice; expected each label of a picture once")]
    [InlineData("0.png,3,5,3", "line 1 has the label '3' twice; expected each label of a picture once")]
    [InlineData("../0.png,cat", "line 1 names '../0.png'; expected a picture below the table's folder ")]
    public void Lines_that_say_nothing_sensible_are_refused(string line, string problem) =>
        Assert.Contains(problem, Assert.Throws<DataFileException>(() => Open(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_empty_table_is_refused() =>
        Assert.EndsWith("has no lines; expected path,label,label,... in each", Assert.Throws<DataFileException>(() => Open("path,label")).Message, StringComparison.Ordinal);

    /// <summary>Each class by itself: what is learnt is that of three models of one class each.</summary>
    [Fact]
    public void Every_class_is_learnt_by_itself()
    {
        var set = Trainable();
        using var device = CpuDevice.Create(1);
        using var trainer = Trainer(device, new BinaryCrossEntropy(OneHot: false));
        for (var epoch = 0; epoch < 60; epoch++)
        {
            trainer.TrainEpoch(set);
        }

        var images = new float[set.Count * set.Shape.Elements];
        for (var i = 0; i < set.Count; i++)
        {
            set.Read(i, images.AsSpan(i * (int)set.Shape.Elements));
        }

        var report = SeveralLabelsReport.Of(set, default, trainer.Predict(images), 3);
        Assert.Equal([1, 1, 1], report.Classes.Select(each => each.AveragePrecision));
        Assert.Equal((1.0, "4 4 4"), (report.MeanAveragePrecision, string.Join(' ', report.Classes.Select(each => each.Samples))));
    }

    /// <summary>Targets of mixed samples are mixed: own and partner's, each in its share.</summary>
    [Fact]
    public void Mixed_samples_have_mixed_targets()
    {
        var set = Trainable().Mixing(new Mixup(1));
        using var loader = new BatchLoader([set], seed: 3, threads: 1);
        var (images, targets) = (new float[8 * set.Shape.Elements], new float[24]);
        loader.Begin(new OneBatch(8));
        loader.Take(new BatchBuffers(images, new int[8], new int[8], targets, 3), out var mixture);

        var mixed = Assert.NotNull(mixture);
        for (var i = 0; i < 8; i++)
        {
            for (var label = 0; label < 3; label++)
            {
                var expected = (((i >> label) & 1) * mixed.Own) + ((((i + 1) % 8 >> label) & 1) * mixed.Partners);
                Assert.Equal(expected, targets[(i * 3) + label], 1e-7f);
            }
        }
    }

    /// <summary>A pack has all labels and so the ids of its table. Programs that know packs of one label alone read the version first, and refuse it.</summary>
    [Fact]
    public void A_pack_of_a_table_is_the_table()
    {
        File.WriteAllLines(_folder.File("table.csv"), ["0.png,owl,cat", "1.png,dog", "2.png", "3.png,cat,,"]);
        for (var i = 0; i < 4; i++)
        {
            TestPictures.Write(_folder.File($"{i}.png"), 4, 4, (byte)(i * 50), 9, 9);
        }

        var (table, _) = DataSection.DescribeUntransformed($$"""{"csv":{"train":"{{_folder.File("table.csv")}}","labels":"several"} }""");
        using (var file = File.Create(_folder.File("pack.tar")))
        {
            DataPack.Write(table, null, file);
        }

        var section = $$"""{"packed":{"path":"{{_folder.File("pack.tar")}}"},"validation":{"samples":1},"labels":"several"}""";
        var (pack, none) = DataSection.DescribeUntransformed(section);
        Assert.Null(none);
        Assert.True(pack.HasSeveralLabels);
        Assert.Equal(["cat", "dog", "owl"], pack.ClassNames);
        Assert.Equal("0 2|1||0", string.Join('|', Enumerable.Range(0, 4).Select(i => string.Join(' ', pack.LabelsOf(i)))));
        Assert.Equal(DataIds.Of(table, table), DataIds.Of(pack, pack));
        Assert.Equal(DataSet.Fingerprint(table.Load(), table), DataSet.Fingerprint(pack.Load(), pack));
        Assert.Equal(3, DataSection.Describe(section).Train.Classes);
        Assert.Equal(
            "data.labels: is one, and the pack has any number of labels for each picture; expected labels: several, and the loss bce_with_logits",
            Assert.Throws<ModelException>(() => DataSection.Describe(section.Replace("several", "one", StringComparison.Ordinal))).Message);
        Assert.Equal(
            new BinaryCrossEntropy(OneHot: false), TrainingRecipe.FromJson("""{"epochs":1,"optimizer":{"sgd":{"lr":1}},"loss":{"bce_with_logits":{}}}""", section).Loss);
    }

    [Fact]
    public void The_index_of_a_pack_has_another_version_only_where_it_has_several_labels()
    {
        var files = new[] { new PackedFile("a", 0, 1, new byte[32]), new PackedFile("b", 1, 1, new byte[32]) };
        var one = new PackPart(["x", "y", "z"], false, null, null, [2, 0], files);
        var several = one with { Labels = [2, -1], AllLabels = [[2, 0, 1], []] };

        Assert.Equal((1, 2, 2), (Version(new(9, one, null)), Version(new(9, several, null)), Version(new(9, one, several))));
        var read = PackIndex.Parse(new PackIndex(9, several, one).ToBytes());
        Assert.Equal("2 0 1|", string.Join('|', read.Train.AllLabels!.Select(labels => string.Join(' ', labels))));
        Assert.Equal([2, -1], read.Train.Labels);
        Assert.Null(read.Test!.AllLabels);
        Assert.Equal([2, 0], read.Test.Labels);

        var later = new PackIndex(9, one, null).ToBytes();
        later[0] = 3;
        Assert.Equal("its index is of version 3; expected 1 or 2", Assert.Throws<InvalidDataException>(() => PackIndex.Parse(later)).Message);
        Assert.Equal(
            "its index is damaged: there are no samples, or labels without a class",
            Assert.Throws<InvalidDataException>(() => PackIndex.Parse(new PackIndex(9, several with { AllLabels = [[2, 3], []] }, null).ToBytes())).Message);

        static int Version(PackIndex index) => BitConverter.ToInt32(index.ToBytes());
    }

    [Fact]
    public void A_job_that_says_several_labels_of_a_pack_of_one_is_refused()
    {
        using (var file = File.Create(_folder.File("pack.tar")))
        {
            DataPack.Write(DataSet.FromArrays(new Shape(1, 1, 1), new byte[4], [0, 1, 0, 1]), null, file);
        }

        var section = $$"""{"packed":{"path":"{{_folder.File("pack.tar")}}"},"validation":{"samples":1},"labels":"several"}""";
        Assert.Equal(
            "data.labels: is several, and the pack has one label of each picture; remove it",
            Assert.Throws<ModelException>(() => DataSection.Describe(section)).Message);
    }

    [Fact]
    public void Losses_that_take_one_label_are_refused()
    {
        using var device = CpuDevice.Create(1);
        using var entropy = Trainer(device, new CrossEntropy());
        Assert.StartsWith(
            "The data has several labels for each sample; give the recipe a loss that takes them: new BinaryCrossEntropy(OneHot: false).",
            Assert.Throws<ArgumentException>(() => entropy.TrainEpoch(Trainable())).Message);
        const string Data = """{"csv":{"train":"a.csv","labels":"several"}}""";
        Assert.Equal(
            "training.loss: takes one label of each picture, and data.csv.labels is several; bce_with_logits judges each class by itself",
            Assert.Throws<ModelException>(() => TrainingRecipe.FromJson("""{"epochs":1,"optimizer":{"sgd":{"lr":1}},"loss":{"mse":{}}}""", Data)).Message);
        Assert.Equal(
            new BinaryCrossEntropy(OneHot: false), TrainingRecipe.FromJson("""{"epochs":1,"optimizer":{"sgd":{"lr":1}},"loss":{"bce_with_logits":{}}}""", Data).Loss);
        Assert.Equal("Samples with several labels each are not drawn by their classes.", Assert.Throws<NotSupportedException>(() => Trainable().Sampling(new BalancedSampling())).Message);
    }

    private static LocalTrainer Trainer(CpuDevice device, Loss loss) =>
        new(Model.FromJson(Layers, new Shape(3, 1, 3)), device, new TrainingRecipe(new Sgd(0.9, Momentum: 0.9)) { Loss = loss }, 8, seed: 5, shards: 1);

    private (DataSet Train, DataSet Test) Open(params string[] lines) => Open("""{"labels":"several"}""", 0, lines);

    private (DataSet Train, DataSet Test) Open(string options, int offset, params string[] lines)
    {
        var table = Path.Combine(_folder.Path, "train.csv");
        File.WriteAllLines(table, lines);
        var names = options[1..];
        return DataSection.Describe($$$"""{"csv":{"train":"{{{table}}}","test":"{{{table}}}",{{{names}}},"label_offset":{{{offset}}},"transforms":{"train":[{"center_crop":{"size":[4,4]}}],"test":[{"center_crop":{"size":[4,4]}}]}}""");
    }

    /// <summary>Of three pixels those are bright whose class the picture is of.</summary>
    private DataSet Trainable()
    {
        var lines = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            var lit = i;
            File.WriteAllBytes(Path.Combine(_folder.Path, $"{i}.bmp"), Bitmap.Row(3, x => (byte)(((lit >> x) & 1) * 255)));
            lines.Add(string.Join(',', [$"{i}.bmp", .. Enumerable.Range(0, 3).Where(label => ((lit >> label) & 1) == 1).Select(label => label.ToString())]));
        }

        var table = Path.Combine(_folder.Path, "lit.csv");
        File.WriteAllLines(table, lines);
        return DataSection.Load($$$"""{"csv":{"train":"{{{table}}}","test":"{{{table}}}","labels":"several"}}""").Train;
    }

    private sealed class OneBatch(int samples) : IBatchPlan
    {
        private bool _isOver;

        public bool Next(BatchSamples batch)
        {
            if (_isOver)
            {
                return false;
            }

            batch.Begin(0, 1);
            batch.Add([.. Enumerable.Range(0, samples)], 0);
            batch.Pair(1, Kernels.Sharding.BatchSlice.Whole(samples, 1));
            return _isOver = true;
        }
    }
}

/// <summary>Windows bitmaps of 24 bits, one row high.</summary>
internal static class Bitmap
{
    public static byte[] Row(int width, Func<int, byte> gray)
    {
        var stride = ((width * 3) + 3) / 4 * 4;
        var file = new byte[54 + stride];
        "BM"u8.CopyTo(file);
        BitConverter.TryWriteBytes(file.AsSpan(2), file.Length);
        BitConverter.TryWriteBytes(file.AsSpan(10), 54);
        BitConverter.TryWriteBytes(file.AsSpan(14), 40);
        BitConverter.TryWriteBytes(file.AsSpan(18), width);
        BitConverter.TryWriteBytes(file.AsSpan(22), 1);
        BitConverter.TryWriteBytes(file.AsSpan(26), (short)1);
        BitConverter.TryWriteBytes(file.AsSpan(28), (short)24);
        BitConverter.TryWriteBytes(file.AsSpan(34), stride);
        for (var x = 0; x < width; x++)
        {
            file.AsSpan(54 + (x * 3), 3).Fill(gray(x));
        }

        return file;
    }
}
