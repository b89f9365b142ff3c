using Google.Protobuf;

namespace Trainer.Protos.Tests.Json;

/// <summary>What a message carries that its definition lacks.</summary>
public sealed class UnknownFieldsTests
{
    [Fact]
    public void They_are_told_by_path_and_number_each_once()
    {
        var relu = new Layer { Name = "a", Relu = With57(new Relu()) };
        var spec = With57(With57(new JobSpec
        {
            Name = "j",
            Model = new Model { Layers = { new Layer { Flatten = new Flatten() }, relu, With57(new Layer { Name = "b" }) } },
            Training = new Training { Loss = With57(new Loss()) },
        }));

        Assert.Equal(["model.layers[1].relu.57", "model.layers[2].57", "training.loss.57", "57"], UnknownFields.Of(spec));
    }

    [Fact]
    public void A_job_of_this_release_has_none()
    {
        foreach (var file in Directory.EnumerateFiles(Repository.Folder("examples"), "*.yaml"))
        {
            Assert.Empty(UnknownFields.Of(JobFile.Read(file)));
        }
    }

    private static T With57<T>(T message)
        where T : IMessage<T>, new() => new MessageParser<T>(() => new T()).ParseFrom([.. message.ToByteArray(), 0xC8, 0x03, 0x01]);
}
