using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Trainer.Cli.Tests.Fakes;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer export ID --tensorboard FOLDER, read back by what TensorFlow's record_reader.cc, event.proto and summary.proto say, bit by bit.</summary>
public sealed class TensorBoardTests : ClusterCommandTests
{
    /// <summary>As TensorFlow writes them: the length of the first event, 24, with the masked checksum of it.</summary>
    private static readonly byte[] FirstLength = [0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22];

    [Fact]
    public async Task Steps_and_evaluations_are_points_and_the_job_file_is_text()
    {
        var job = new Job
        {
            Id = "lenet-3f2a",
            Spec = new JobSpec { Name = "two words/and more", Model = new Protos.Model { Zoo = "lenet" } },
            CreateTime = new Timestamp { Seconds = 1_764_000_000 },
            Epochs =
            {
                new EpochSummary { Epoch = 1, TestLoss = 0.5, TestAccuracy = 0.75, Evaluations = { new StepEvaluation { Step = 1, TestLoss = 0.9, TestAccuracy = 0.25 } } },
                new EpochSummary { Epoch = 2, TestLoss = double.NaN, TestAccuracy = double.NaN },
            },
        };
        Api.Jobs.Add(job);
        for (var step = 1ul; step <= 4; step++)
        {
            Api.Steps.Add(new StepMetrics { Step = step, Epoch = (uint)((step + 1) / 2), Time = new Timestamp { Seconds = 1_764_000_100 + (long)step }, Loss = 1.0 / step, LearningRate = 0.5 });
        }

        Api.Steps[2].GradientNorm = 7;
        var run = await RunAsync("export", job.Id, "--tensorboard", Home["runs"], "--output", "json");

        var file = Home["runs/two_words_and_more-lenet-3f2a/events.out.tfevents.1764000000.trainer"];
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal($"{{\"tensorboard\":\"{file}\",\"steps\":4}}\n", run.Output);
        Assert.Equal(FirstLength, File.ReadAllBytes(file)[..FirstLength.Length]);
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));

        var events = Events(File.ReadAllBytes(file)).ToList();
        Assert.Equal((1_764_000_000.0, 0L, "brain.Event:2"), (events[0].Time, events[0].Step, events[0].Version));
        Assert.Equal(["config/text_summary", "_hparams_/session_start_info"], events[1..3].Select(one => one.Tag));
        Assert.StartsWith("    name: ", events[1].Text, StringComparison.Ordinal);
        var points = events.Skip(3).ToList();
        Assert.Equal([1f, 0.5f, 1 / 3f, 0.25f], points.Where(point => point.Tag == "loss/train").Select(point => point.Value));
        Assert.Equal([(3L, 7f)], points.Where(point => point.Tag == "gradient_norm").Select(point => (point.Step, point.Value)));
        Assert.Equal([(1L, 0.9f, 1_764_000_101.0), (2L, 0.5f, 1_764_000_102.0)], points.Where(point => point.Tag == "loss/test").Select(point => (point.Step, point.Value, point.Time)));
        Assert.Equal([0.25f, 0.75f], points.Where(point => point.Tag == "accuracy/test").Select(point => point.Value));
        Assert.Equal(points.Select(point => point.Step).Order(), points.Select(point => point.Step)); // TensorBoard takes a step backwards for a restart.
    }

    /// <summary>What is read of pictures and hyper-parameters by other programs is tested in Cluster.Tests/Trackers.</summary>
    [Fact]
    public async Task Confusions_and_mistakes_are_there_where_a_job_was_evaluated()
    {
        Api.Jobs.Add(new Job { Id = "j", Spec = new JobSpec { Name = "j" }, State = JobState.Failed, CreateTime = new Timestamp(), EndTime = new Timestamp { Seconds = 7 } });
        Api.Files["evaluation.json"] = Encoding.UTF8.GetBytes("""
            {"epoch": 2, "step": 6, "loss": "NaN", "accuracy": 0.5, "counted": 3, "classes": [{"label": 0, "name": "a|b", "images": 2, "recall": 0.5}, {"label": 1, "name": "", "images": 1}],
             "confusions": [{"label": 0, "predicted": 1, "images": 1}, {"label": 0, "predicted": 0, "images": 1}, {"label": 1, "predicted": 1, "images": 1}],
             "mistakes": [{"name": "one.png", "label": 0, "predicted": 1, "loss": 2.5}]}
            """);
        Assert.Equal(0, (await RunAsync("export", "j", "--tensorboard", Home["runs"])).ExitCode);

        var events = Events(File.ReadAllBytes(Directory.GetFiles(Home["runs"], "*", SearchOption.AllDirectories).Single())).ToDictionary(one => one.Tag);
        Assert.Equal(6, events["confusion/last"].Step);
        Assert.Equal("| is, taken for | a\\|b | 1 |\n|---|---|---|\n| a\\|b | 1 | 1 |\n| 1 | 0 | 1 |\n", events["confusion/last/text_summary"].Text);
        Assert.Equal("| image | is | taken for | loss |\n|---|---|---|---|\n| one.png | a\\|b | 1 | 2.5000 |\n", events["mistakes/last/text_summary"].Text);
        Assert.Contains("_hparams_/session_end_info", events);
        Assert.DoesNotContain("confusion/best", events);

        Api.Files["evaluation.json"] = "null"u8.ToArray();
        var broken = await RunAsync("export", "j", "--tensorboard", Home["runs"]);
        Assert.Equal((1, "evaluation.json of job j cannot be read: null is no evaluation\n"), (broken.ExitCode, broken.Errors));
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused()
    {
        const string either = "Say what to write: --to FILE for the model, or --tensorboard FOLDER for curves.\nSee: trainer export --help\n";
        Assert.Equal((2, either), (await RunAsync("export", "x")) is var neither ? (neither.ExitCode, neither.Errors) : default);
        Assert.Equal((2, either), (await RunAsync("export", "x", "--to", "a.onnx", "--tensorboard", "runs")) is var both ? (both.ExitCode, both.Errors) : default);
        var checkpoint = await RunAsync("export", "x", "--tensorboard", Home["runs"], "--checkpoint", "best");
        Assert.Equal((2, "What steps came to is a job's: --job and --checkpoint are for models.\nLeave them out.\n"), (checkpoint.ExitCode, checkpoint.Errors));
        File.WriteAllText(Home["file"], "");
        Api.Jobs.Add(new Job { Id = "j", Spec = new JobSpec { Name = "j" }, CreateTime = new Timestamp() });
        var blocked = await RunAsync("export", "j", "--tensorboard", Home["file"]);
        Assert.Equal(1, blocked.ExitCode);
        Assert.StartsWith($"{Home["file"]} cannot be written: ", blocked.Errors, StringComparison.Ordinal);
    }

    private static IEnumerable<Event> Events(byte[] file)
    {
        for (var at = 0; at < file.Length;) // Each value of an event by itself.
        {
            var length = (int)BitConverter.ToUInt64(file, at);
            Assert.Equal(Masked(file.AsSpan(at, 8)), BitConverter.ToUInt32(file, at + 8));
            Assert.Equal(Masked(file.AsSpan(at + 12, length)), BitConverter.ToUInt32(file, at + 12 + length));
            foreach (var one in Event.Read(file[(at + 12)..(at + 12 + length)]))
            {
                yield return one;
            }

            at += 16 + length;
        }
    }

    // Castagnoli's polynomial, a bit at a time; then crc32c.h's mask.
    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var sum = ~0u;
        foreach (var value in bytes)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ ((sum & 1) * 0x82f63b78u);
            }
        }

        sum = ~sum;
        return ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
    }

    private sealed record Event(double Time, long Step, string Version, string Tag, float Value, string Text)
    {
        public static IReadOnlyList<Event> Read(byte[] bytes)
        {
            var (time, step, version, values) = (0.0, 0L, "", new List<(string Tag, float Value, string Text)>());
            Walk(bytes, (field, input) =>
            {
                switch (field)
                {
                    case 1: time = input.ReadDouble(); break;
                    case 2: step = input.ReadInt64(); break;
                    case 3: version = input.ReadString(); break;
                    case 5: Walk(input.ReadBytes().ToByteArray(), (_, summary) => values.Add(ValueOf(summary.ReadBytes().ToByteArray()))); break;
                    default: Assert.Fail($"field {field} of an event"); break;
                }
            });
            return version.Length > 0 ? [new Event(time, step, version, "", float.NaN, "")] : [.. values.Select(one => new Event(time, step, "", one.Tag, one.Value, one.Text))];
        }

        private static (string Tag, float Value, string Text) ValueOf(byte[] bytes)
        {
            var (tag, value, text) = ("", float.NaN, "");
            Walk(bytes, (part, content) =>
            {
                switch (part)
                {
                    case 1: tag = content.ReadString(); break;
                    case 2: value = content.ReadFloat(); break;
                    case 8: text = tag.EndsWith("/text_summary", StringComparison.Ordinal) ? Strings(content.ReadBytes().ToByteArray()) : $"{content.ReadBytes().Length}"; break;
                    case 9: Assert.Contains(tag.StartsWith("_hparams_", StringComparison.Ordinal) ? "hparams" : "text", Encoding.UTF8.GetString(content.ReadBytes().Span), StringComparison.Ordinal); break;
                    case 4: text = $"{content.ReadBytes().Length}"; break; // An image.
                    default: Assert.Fail($"field {part} of a value"); break;
                }
            });
            return (tag, value, text);
        }

        private static string Strings(byte[] tensor)
        {
            var text = "";
            Walk(tensor, (field, content) =>
            {
                switch (field)
                {
                    case 1: Assert.Equal(7, content.ReadInt32()); break; // DT_STRING
                    case 2: Assert.Equal([0x12, 0x02, 0x08, 0x01], content.ReadBytes().ToByteArray()); break; // one dimension of 1
                    case 8: text = content.ReadString(); break;
                    default: Assert.Fail($"field {field} of a tensor"); break;
                }
            });
            return text;
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
}
