using System.Buffers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Trainer.Protos.Cluster;

namespace Trainer.Protos.Tests.Json;

/// <summary>The one JSON form of messages.</summary>
public sealed class ProtoJsonTests
{
    private static readonly Job Job = new()
    {
        Id = "j",
        Spec = new JobSpec { Name = "a<b>", Training = new Training { Seed = ulong.MaxValue, Optimizer = new Optimizer { Adamw = new AdamW { Lr = 1e-7 } } } },
        State = JobState.Suspended,
        CreateTime = Timestamp.FromDateTimeOffset(new DateTimeOffset(2031, 5, 7, 11, 13, 17, 19, TimeSpan.Zero)),
        Progress = new Progress { Step = 1UL << 60, Loss = double.NaN, Accuracy = double.NegativeInfinity },
        Workers = { "w-1", "w-2" },
    };

    [Fact]
    public void Names_are_those_of_job_files_enum_values_bare_and_numbers_numbers() => Assert.Equal(
        """{"id":"j","spec":{"name":"a<b>","training":{"seed":18446744073709551615,"optimizer":{"adamw":{"lr":1E-07}}}},"state":"SUSPENDED","create_time":"2031-05-07T11:13:17.019Z","progress":{"step":1152921504606846976,"loss":"NaN","accuracy":"-Infinity"},"workers":["w-1","w-2"]}""",
        ProtoJson.Line(ProtoJson.Compact(Job)));

    [Fact]
    public void For_scripts_scalars_and_lists_are_always_there()
    {
        var json = ProtoJson.ToJson(new LogEntry { Sequence = 3 });
        Assert.Equal("""{"sequence":3,"source":"","message":"","level":"UNSPECIFIED"}""", ProtoJson.Line(json));
        Assert.Equal("""{"id":"","state":"UNSPECIFIED","message":"","etag":"","epochs":[],"transitions":[],"workers":[],"numerics":"","term":0,"generation":0,"labels":{},"notes":"","creator":""}""",
            ProtoJson.Line(ProtoJson.ToJson(new Job())));
    }

    /// <summary>Every kind of field, in messages of the API and in those of processes; texts that have to be escaped.</summary>
    [Fact]
    public void What_is_written_straight_away_is_what_the_nodes_say()
    {
        IMessage[] messages =
        [
            Job, new Job(), new LogEntry { Sequence = 3, Message = "\"<\u00e9\u2028\n\u0001\ud83d\ude00" }, new CreateJobRequest { Labels = { ["team"] = "vision", ["a/b"] = "\"", ["A"] = "" } },
            new MetricSeries { Metric = "loss", Points = { new MetricPoint { Step = 1UL << 63, Value = 0.1 + 0.2 }, new MetricPoint { Value = -0.0 }, new MetricPoint { Value = 1e-300 }, new MetricPoint { Value = double.PositiveInfinity } } },
            new ArtifactChunk { Data = ByteString.CopyFrom(0, 255, 62, 63, 1) }, new Assignment { Shards = 7, Members = { new Member { Worker = "w", LinkEndpoints = { "unix:/a" } }, new Member() } },
        ];
        foreach (var message in messages)
        {
            var written = new ArrayBufferWriter<byte>();
            ProtoJson.Write(written, message);
            Assert.Equal(ProtoJson.Line(ProtoJson.ToJson(message)), Encoding.UTF8.GetString(written.WrittenSpan));
        }
    }

    [Fact]
    public void Both_forms_read_back_to_the_same_message()
    {
        Assert.Equal(Job, ProtoJson.Read<Job>(ProtoJson.Line(ProtoJson.Compact(Job))));
        Assert.Equal(Job, ProtoJson.Read<Job>(ProtoJson.Line(ProtoJson.ToJson(Job))));
        var assignment = new Assignment { Shards = 7, Members = { new Member { Worker = "w", LinkEndpoints = { "unix:/a" } }, new Member() } };
        Assert.Equal(assignment, ProtoJson.Read<Assignment>(ProtoJson.Line(ProtoJson.Compact(assignment))));
    }

    [Fact]
    public void Maps_are_objects_in_the_order_of_their_keys()
    {
        var request = new CreateJobRequest { Labels = { ["team"] = "vision", ["a/b"] = "\"" } };
        Assert.Equal("""{"labels":{"a/b":"\"","team":"vision"}}""", ProtoJson.Line(ProtoJson.Compact(request)));
        Assert.Equal(request, ProtoJson.Read<CreateJobRequest>(ProtoJson.Line(ProtoJson.ToJson(request))));
        Assert.Equal("labels: expected an object, got []", Assert.ThrowsAny<FormatException>(() => ProtoJson.Read<CreateJobRequest>("""{"labels":[]}""")).Message);
    }

    /// <summary>What release 0.1 stored.</summary>
    [Fact]
    public void Protobufs_own_spelling_is_read_too() => Assert.Equal(
        Job,
        ProtoJson.Read<Job>("""
            { "id": "j", "spec": { "name": "a<b>", "training": { "seed": "18446744073709551615", "optimizer": { "adamw": { "lr": 1e-07 } } } },
              "state": "JOB_STATE_SUSPENDED", "createTime": "2031-05-07T11:13:17.019Z",
              "progress": { "step": "1152921504606846976", "loss": "NaN", "accuracy": "-Infinity" }, "workers": [ "w-1", "w-2" ] }
            """));

    [Fact]
    public void What_the_definitions_lack_is_told_by_its_path()
    {
        var unknown = new List<string>();
        var job = ProtoJson.Read<Job>("""{"id":"j","owner":"me","spec":{"model":{"layers":[{"relu":{}},{"mamba":{"d":3}}]},"training":{"ema":null}},"state":"FROZEN"}""", unknown);

        Assert.Equal(["owner", "spec.model.layers[1].mamba", "state = FROZEN"], unknown);
        Assert.Equal(("j", 2, JobState.Unspecified), (job.Id, job.Spec.Model.Layers.Count, job.State));
    }

    [Theory]
    [InlineData("""{"spec":{"training":{"epochs":-1}}}""", "spec.training.epochs: expected a number, got -1")]
    [InlineData("""{"spec":{"training":{"epochs":1.5}}}""", "spec.training.epochs: expected a number, got 1.5")]
    [InlineData("""{"spec":{"training":[]}}""", "spec.training: expected an object, got []")]
    [InlineData("""{"workers":"w"}""", "workers: expected a list, got \"w\"")]
    [InlineData("""{"workers":["v",7]}""", "workers[1]: expected text, got 7")]
    [InlineData("""{"createTime":"noon"}""", "createTime: expected a time, got \"noon\"")]
    [InlineData("""{"spec":{"data":{"shuffle":1}}}""", "spec.data.shuffle: expected true or false, got 1")]
    [InlineData("[]", "the document: expected an object, got []")]
    public void What_does_not_fit_is_refused_with_its_path(string json, string message) =>
        Assert.Equal(message, Assert.ThrowsAny<FormatException>(() => ProtoJson.Read<Job>(json)).Message);

    [Fact]
    public void What_is_no_json_is_refused() =>
        Assert.StartsWith("not JSON: ", Assert.ThrowsAny<FormatException>(() => ProtoJson.Read<Job>("{\"id\":")).Message, StringComparison.Ordinal);

    [Fact]
    public void Deep_networks_are_written_and_read()
    {
        var model = new Model();
        IList<Layer> inner = model.Layers;
        for (var depth = 0; depth < 47; depth++)
        {
            inner.Add(new Layer { Sequential = new Sequential() });
            inner = inner[0].Sequential.Layers;
        }
        inner.Add(new Layer { Relu = new Relu() });

        Assert.Equal(model, JobFile.ModelOfJson(JobFile.ModelJson(model)));
    }

    [Fact]
    public void Layers_that_are_none_are_refused() => Assert.Equal(
        "not the layers of a model: layers[0].conv9d: unknown field (Parameter 'layers')",
        Assert.Throws<ArgumentException>(() => JobFile.ModelOfJson("""[{"conv9d":{}}]""")).Message);
}
