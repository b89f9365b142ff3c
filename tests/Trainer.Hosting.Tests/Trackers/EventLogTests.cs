using Google.Protobuf;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Metrics;
using Trainer.Hosting.Steps;
using Trainer.Hosting.Trackers;
using Trainer.Protos;

namespace Trainer.Hosting.Tests.Trackers;

/// <summary>What TensorBoard makes of the files of a job's generations: it reads them by name, and takes what begins a file for a restart (event_accumulator.py). Other programs read them in Cluster.Tests/Trackers.</summary>
public sealed class EventLogTests : IDisposable
{
    private static readonly JobSpec Spec = new() { Name = "tiny", Training = new Training { Epochs = 3, BatchSize = 37 }, Log = new LogSection { Tensorboard = true } };

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-events-").FullName;

    private FolderStore Artifacts => new(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_step_is_there_once_whoever_wrote_it()
    {
        Assert.Equal(0ul, Log(1, 1).LastRecorded());
        var first = Log(1, 1);
        first.Append([Step(1, 1), Step(2, 1)]);
        first.Append([Step(3, 1), Test(3, 1), Step(4, 1)]);
        Assert.Equal(RunEvent.NumberOf(4, isEvaluation: false), Log(1, 2).LastRecorded());
        Log(1, 2).Append([Step(5, 2)]);
        Log(1, 10).Append([Test(5, 3), Step(6, 3)]); // What another could not write any more.
        Log(2, 1).Append([Step(4, 4), Step(5, 4), Test(5, 4)]); // All workers were lost: it goes on from step 3.

        Assert.Equal(RunEvent.NumberOf(5, isEvaluation: true), Log(2, 2).LastRecorded());
        Assert.Equal([(1ul, 1f), (2ul, 1f), (3ul, 1f), (4ul, 4f), (5ul, 4f)], Read("loss/train"));
        Assert.Equal([(3ul, 1f), (5ul, 4f)], Read("loss/test"));
        Assert.Equal([(0ul, 0f)], Read("config/text_summary"));
        Assert.Single(Read("_hparams_/session_start_info"));
        Assert.Equal(
            ["events.out.tfevents.0000000001.0000000001.000001", "events.out.tfevents.0000000001.0000000002.000001", "events.out.tfevents.0000000001.0000000010.000001", "events.out.tfevents.0000000002.0000000001.000001"],
            Directory.GetFiles(Path.Combine(_folder, "tensorboard")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_long_file_has_a_successor()
    {
        var log = Log(1, 1);
        for (var step = 1ul; step <= 5003; step++)
        {
            log.Append([Step(step, 1)]);
        }

        Assert.Equal(2, Directory.GetFiles(Path.Combine(_folder, "tensorboard")).Length);
        Assert.Equal(Enumerable.Range(1, 5003).Select(step => ((ulong)step, 1f)), Read("loss/train"));
    }

    /// <summary>A writer that was killed leaves half an event, at which TensorBoard goes on to the next file.</summary>
    [Fact]
    public void What_was_torn_off_is_written_by_the_next()
    {
        Log(1, 1).Append([Step(1, 1), Step(2, 1)]);
        var file = Directory.GetFiles(Path.Combine(_folder, "tensorboard")).Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^7]);
        Assert.Equal(RunEvent.NumberOf(1, isEvaluation: false), Log(1, 2).LastRecorded());
        Log(1, 2).Append([Step(2, 2), Step(3, 2)]);
        Assert.Equal([(1ul, 1f), (2ul, 2f), (3ul, 2f)], Read("loss/train"));
    }

    [Fact]
    public void Hyperparameters_are_the_job_files_scalars()
    {
        var spec = Spec.Clone();
        spec.Training.Optimizer = new Optimizer { Sgd = new Sgd { Lr = 0.5, Nesterov = true } };
        spec.Training.Loss = new Loss { CrossEntropy = new CrossEntropy { ClassWeights = { 1, 2.5 } } };
        spec.Model = new Model { Layers = { new Layer { Relu = new Relu() } } };
        Assert.Equal(
            "training.epochs=3 training.batch_size=37 training.optimizer.sgd.lr=0.5 training.optimizer.sgd.nesterov=True training.loss.cross_entropy.class_weights=[1,2.5]",
            string.Join(' ', Hyperparameters.Of(spec).Select(one => FormattableString.Invariant($"{one.Key}={one.Value}"))));
    }

    private EventLog Log(ulong term, ulong number) => new(Artifacts, Spec, term, number);

    private static RunEvent Step(ulong step, double loss) =>
        new(new StepRecord(step, 1, Time(step), loss, 0.5, 0.1, null, 1000, new StepPhases(1, 2, 3, 4, 5)), null, Time(step));

    private static RunEvent Test(ulong step, double loss) => new(null, new StepEvaluation { Step = step, TestLoss = loss, TestAccuracy = 0.25 }, Time(step));

    private static DateTime Time(ulong step) => new(2026, 1, 31, 12, 0, (int)(step % 60), DateTimeKind.Utc);

    // Points of a tag, with restarts as TensorBoard sees them.
    private List<(ulong Step, float Value)> Read(string tag)
    {
        var points = new List<(ulong Step, float Value)>();
        foreach (var file in Directory.GetFiles(Path.Combine(_folder, "tensorboard")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes))
        {
            for (var at = 0; at + 12 < file.Length && at + 16 + (int)BitConverter.ToUInt64(file, at) <= file.Length; at += 16 + (int)BitConverter.ToUInt64(file, at))
            {
                var (step, isStart, values) = Event(file[(at + 12)..(at + 12 + (int)BitConverter.ToUInt64(file, at))]);
                points.RemoveAll(point => isStart && point.Step >= step);
                points.AddRange(values.Where(value => value.Tag == tag).Select(value => (step, value.Value)));
            }
        }

        return points;
    }

    private static (ulong Step, bool IsStart, List<(string Tag, float Value)> Values) Event(byte[] bytes)
    {
        var (step, isStart, values) = (0ul, false, new List<(string, float)>());
        Walk(bytes, (field, input) =>
        {
            switch (field)
            {
                case 2:
                    step = input.ReadUInt64();
                    break;
                case 5:
                    Walk(input.ReadBytes().ToByteArray(), (_, summary) => values.Add(Value(summary.ReadBytes().ToByteArray())));
                    break;
                case 7:
                    isStart = input.ReadBytes().ToByteArray() is [8, 1]; // status: START
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        });
        return (step, isStart, values);
    }

    private static (string Tag, float Value) Value(byte[] bytes)
    {
        var (tag, value) = ("", 0f);
        Walk(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1:
                    tag = input.ReadString();
                    break;
                case 2:
                    value = input.ReadFloat();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        });
        return (tag, value);
    }

    private static void Walk(byte[] bytes, Action<int, CodedInputStream> read)
    {
        using var input = new CodedInputStream(bytes);
        while (input.ReadTag() is var tag and not 0)
        {
            read(WireFormat.GetTagFieldNumber(tag), input);
        }
    }
}
