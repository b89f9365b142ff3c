using System.Text;
using Google.Protobuf;
using Trainer.Coordinator.Http;
using Trainer.Protos;

namespace Trainer.Coordinator.Tests.Api;

public sealed class SharedLinesTests
{
    private readonly SharedLines _lines = new();

    [Fact]
    public void What_many_are_told_is_written_once()
    {
        var first = Line(new Job { Id = "j-1", Progress = new Progress { Step = 7 } });
        Assert.Same(first, Line(new Job { Id = "j-1", Progress = new Progress { Step = 7 } }));
        var next = Line(new Job { Id = "j-1", Progress = new Progress { Step = 8 } });
        Assert.NotSame(first, next);
        Assert.Equal(ProtoJson.Line(ProtoJson.ToJson(new Job { Id = "j-1", Progress = new Progress { Step = 8 } })) + "\n", Encoding.UTF8.GetString(next));
    }

    /// <summary>The same bytes may be messages of several types.</summary>
    [Fact]
    public void Each_type_has_lines_of_its_own()
    {
        Assert.Equal(ProtoJson.Line(ProtoJson.ToJson(new Job())) + "\n", Encoding.UTF8.GetString(Line(new Job())));
        Assert.Equal(ProtoJson.Line(ProtoJson.ToJson(new LogEntry())) + "\n", Encoding.UTF8.GetString(Line(new LogEntry())));
    }

    [Fact]
    public async Task Whoever_asks_at_once_gets_the_one_line()
    {
        var job = new Job { Epochs = { Enumerable.Range(1, 500).Select(epoch => new EpochSummary { Epoch = (uint)epoch, Loss = 1.0 / epoch }) } };
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Line(job))));
        Assert.All(all, line => Assert.Same(all[0], line));
    }

    [Fact]
    public void What_is_long_is_not_remembered()
    {
        var job = new Job { Message = new string('x', 1 << 20) };
        Assert.NotSame(Line(job), Line(job));
        Assert.Equal(Line(job), Line(job));
    }

    private byte[] Line(IMessage message) => _lines.Of(message.Descriptor, message.ToByteArray());
}
