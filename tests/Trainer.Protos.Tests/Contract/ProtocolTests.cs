using Google.Protobuf.Reflection;

namespace Trainer.Protos.Tests.Contract;

/// <summary>The protocol definitions as other programs take them.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public async Task Definitions_keep_bufs_standard() => Assert.Equal("", await Buf.RunAsync("lint"));

    /// <summary>trainer.binpb, which lies beside the program: all a client in any language needs.</summary>
    [Fact]
    public void The_descriptor_set_holds_every_service_with_comments()
    {
        var set = FileDescriptorSet.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "trainer.binpb")));

        Assert.Equal(
            ["trainer.v1.DataSetService", "trainer.v1.JobService", "trainer.v1.PictureService", "trainer.v1.SessionService", "trainer.v1.SystemService", "trainer.v1.TokenService", "trainer.v1.WorkerService"],
            set.File.SelectMany(file => file.Service.Select(service => $"{file.Package}.{service.Name}")).Order(StringComparer.Ordinal));
        Assert.Contains("google/protobuf/timestamp.proto", set.File.Select(file => file.Name));
        var job = set.File.Single(file => file.Name == "trainer/v1/job.proto");
        Assert.Contains(job.SourceCodeInfo.Location, place => place.LeadingComments.Contains("torch.optim.AdamW", StringComparison.Ordinal));
    }
}
