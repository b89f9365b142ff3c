using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;

namespace Trainer.Hosting.Tests.Steps;

public sealed class StepFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-steps-").FullName;

    private FolderStore Artifacts => new(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_appended_is_read()
    {
        Assert.Empty(StepFiles.Read(Artifacts));
        Assert.Equal(0ul, StepFiles.LastStep(Artifacts));
        StepRecord[] written =
        [
            Record(1) with { GradientNorm = 0.1 + 0.2, Loss = double.NaN },
            Record(2) with { Loss = 1e-300, ImagesPerSecond = 12345678.9 },
            Record(3) with { LearningRate = 1.0 / 3, Phases = new StepPhases(1e-7, 2, 3, 4, 5) },
        ];
        var writer = new StepWriter(Artifacts, 1, 1);
        writer.Append(written[..2]);
        writer.Append(written[2..]);
        Assert.Equal(written, StepFiles.Read(Artifacts));
        Assert.Equal(3ul, writer.LastRecorded());
        Assert.Equal(
            "step,epoch,time,loss,accuracy,learning_rate,gradient_norm,images_per_second,data_seconds,forward_seconds,backward_seconds,allreduce_seconds,optimizer_seconds",
            File.ReadLines(Path.Combine(_folder, "steps", "1.1.csv")).First());
        Assert.Equal("3,1,2026-01-31T12:00:03.000Z,0.5,0.25,0.3333333333333333,,1000,1E-07,2,3,4,5", File.ReadLines(Path.Combine(_folder, "steps", "1.1.csv")).Last());
        Assert.All(written, record => Assert.Equal(record, StepRecord.Of(record.ToMessage())));
    }

    [Fact]
    public void Of_two_records_of_a_step_the_later_generations_counts()
    {
        Append(2, 1, from: 4, to: 6, loss: 2);
        Append(1, 10, from: 6, to: 9, loss: 1.5);
        Append(1, 9, from: 1, to: 7, loss: 1);
        Assert.Equal([1, 1, 1, 2, 2, 2], StepFiles.Read(Artifacts).Select(record => record.Loss));
        Assert.Equal([3ul, 4], StepFiles.Read(Artifacts, 3, 4).Select(record => record.Step));
        Assert.Empty(StepFiles.Read(Artifacts, 7));
    }

    [Theory]
    [InlineData("3")]
    [InlineData("3,1,2026-01-31T12:00:03.000Z,0.5,0.25,0.1")]
    [InlineData("3,1,2026-01-31T12:00:03.000Z,,0.25,0.1,,1,1,1,1,1,1\n")]
    [InlineData("3,1,2026-01-31T12:00:03.000Z,0.5,0.25,x,,1,1,1,1,1,1\n")]
    [InlineData("3,1,now,0.5,0.25,0.1,,1,1,1,1,1,1\n")]
    [InlineData("x\n")]
    public void A_line_that_is_not_whole_is_as_if_it_were_not_there(string rest)
    {
        Append(1, 1, from: 1, to: 2, loss: 1);
        File.AppendAllText(Path.Combine(_folder, "steps", "1.1.csv"), rest);
        File.WriteAllText(Path.Combine(_folder, "steps", "notes.csv"), rest);
        Assert.Equal([1ul, 2], StepFiles.Read(Artifacts).Select(record => record.Step));
        Assert.Equal(2ul, StepFiles.LastStep(Artifacts));
    }

    [Fact]
    public void Whoever_follows_reads_the_end_of_the_last_file_alone_until_there_is_another_one()
    {
        var follower = new StepFollower(after: 0);
        Assert.Empty(follower.Next(Artifacts, 100));
        var writer = new StepWriter(Artifacts, 1, 1);
        writer.Append([.. Enumerable.Range(1, 50).Select(step => Record((ulong)step))]);
        Assert.Equal(Enumerable.Range(1, 20), Steps(20));
        Assert.Equal(Enumerable.Range(21, 30), Steps(100));

        // What was read is not looked at again: it may as well be spoilt.
        var file = Path.Combine(_folder, "steps", "1.1.csv");
        File.WriteAllText(file, new string('x', File.ReadAllText(file).Length / 2) + File.ReadAllText(file)[(File.ReadAllText(file).Length / 2)..]);
        File.AppendAllText(file, StepLines.Of(Record(51)) + "\n" + StepLines.Of(Record(52))[..9]);
        Assert.Equal([51], Steps(100));
        File.AppendAllText(file, StepLines.Of(Record(52))[9..] + "\n");
        Assert.Equal([52], Steps(100));
        Assert.Empty(Steps(100));

        Append(1, 2, from: 51, to: 54, loss: 2);
        Assert.Equal([53, 54], Steps(100));
        Assert.Equal(54ul, follower.After);

        IEnumerable<int> Steps(int most) => follower.Next(Artifacts, most).Select(step => (int)step.Step);
    }

    [Fact]
    public void A_long_record_goes_on_in_further_files_which_are_read_in_their_order()
    {
        var writer = new StepWriter(Artifacts, 1, 1);
        const int Files = 11;
        for (var file = 0; file < Files; file++)
        {
            writer.Append([.. Enumerable.Range((file * RollingLog.MostLines) + 1, RollingLog.MostLines).Select(step => Record((ulong)step))]);
        }

        Assert.Equal(Files, Artifacts.List("steps").Count);
        const ulong Last = Files * RollingLog.MostLines;
        Assert.Equal(Last, StepFiles.LastStep(Artifacts));
        Assert.Equal([Last - 2, Last - 1, Last], StepFiles.Read(Artifacts, Last - 2).Select(record => record.Step));
        Assert.Equal([(ulong)RollingLog.MostLines, RollingLog.MostLines + 1], StepFiles.Read(Artifacts, RollingLog.MostLines).Take(2).Select(record => record.Step));
    }

    /// <summary>Generations that begin within others, norms that some steps have not, numbers of any form, lines that are torn off and one that is longer than what is read at a time.</summary>
    [Theory]
    [InlineData(0, ulong.MaxValue)]
    [InlineData(3, 5)]
    [InlineData(6, 20_001)]
    [InlineData(20_002, 30_000)]
    public void Some_numbers_alone_are_those_of_the_whole_record(ulong first, ulong last)
    {
        Append(1, 1, from: 1, to: 20_000, loss: 1e-7);
        Append(1, 2, from: 5, to: 9, loss: double.NaN);
        new StepWriter(Artifacts, 1, 3).Append([Record(10) with { GradientNorm = 1.0 / 3, Loss = double.PositiveInfinity }, Record(11) with { ImagesPerSecond = 12345678.9 }]);
        var file = Path.Combine(_folder, "steps", "1.3.csv");
        File.AppendAllText(file, "12,1,2026-01-31T12:00:03.000Z,0.5\nx\n\n" + new string('z', 200_000) + "\n" + StepLines.Of(Record(13)) + "\n14,1,2026-01-31T12:00:14.000Z,0.5,0.25,0.1,,1000,1,1,1,1");
        var metrics = StepMetric.All.Where(metric => metric.Name is "images_per_second" or "loss" or "gradient_norm").Reverse().ToList();
        var read = new List<(int, ulong, double)>();

        new StepCurves(Artifacts, new CurveQuery(metrics, first, last, Run: 1, HasEnded: true), (metric, step, value) => read.Add((metric, step, value)), Assert.Fail).Read();

        var steps = StepFiles.Read(Artifacts, first, last).ToList();
        Assert.Equal(steps.SelectMany(step => metrics.Select((metric, place) => (place, step.Step, metric.Of(step))).Where(one => one.Item3 is not null).Select(one => (one.place, one.Step, one.Item3!.Value))), read);
        Assert.Equal(first switch { 0 => 12, 3 => 3, 6 => 7, _ => 0 }, steps.Count);
    }

    private static StepRecord Record(ulong step) =>
        new(step, 1, new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc).AddSeconds(step), 0.5, 0.25, 0.1, null, 1000, new StepPhases(1, 1, 1, 1, 1));

    private void Append(ulong term, ulong number, int from, int to, double loss) =>
        new StepWriter(Artifacts, term, number).Append([.. Enumerable.Range(from, to - from + 1).Select(step => Record((ulong)step) with { Loss = loss })]);
}
