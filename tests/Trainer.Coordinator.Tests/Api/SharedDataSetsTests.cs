using System.Security.Cryptography;
using Amazon.Runtime;
using Google.Protobuf;
using Grpc.Core;
using Trainer.Coordinator.Api;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Limits;
using Trainer.Kernels.Data.Packs;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;
using Trainer.Tests.Artifacts;

namespace Trainer.Coordinator.Tests.Api;

/// <summary>Data sets of two coordinators, which share a store and nothing else.</summary>
public sealed class SharedDataSetsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ArtifactStores _stores = new(() => throw new NotSupportedException());
    private readonly byte[] _pack;

    public SharedDataSetsTests()
    {
        var (train, test) = DataSection.DescribeUntransformed(JobFile.SectionJson(SmallData.Spec(_folder.Path).Data));
        using var pack = new MemoryStream();
        DataPack.Write(train, test, pack);
        _pack = pack.ToArray();
    }

    private string Location => Path.Combine(_folder.Path, "jobs");

    public void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_is_begun_here_goes_on_there_in_a_folder() => PushUseAndDelete(Open(), Open());

    [Fact]
    [Trait("Category", "Long")]
    public async Task What_is_begun_here_goes_on_there_in_a_bucket()
    {
        await using var server = await S3Server.StartAsync();
        using var stores = new ArtifactStores(() => new S3Access(server.Endpoint).Connect(new BasicAWSCredentials(S3Server.Key, S3Server.Key)));
        var location = $"s3://{S3Server.Bucket}/jobs";
        PushUseAndDelete(Open(stores, location), Open(stores, location));
    }

    /// <summary>Locks are of one process: both would find that nobody has the name.</summary>
    [Fact]
    public async Task Two_users_do_not_get_one_name_from_two_coordinators()
    {
        for (var round = 0; round < 30; round++)
        {
            var name = $"set-{round}";
            using var both = new Barrier(2);
            var begun = await Task.WhenAll(
                Task.Run(() => Begins(Open(), new CreateDataSetRequest { Name = name, Sha256 = new string('a', 64), Bytes = 9 }, "ada", both)),
                Task.Run(() => Begins(Open(), new CreateDataSetRequest { Name = name, Sha256 = new string('b', 64), Bytes = 9 }, "bob", both)));

            Assert.InRange(begun.Count(one => one), 0, 1);
            Assert.Equal(begun.Count(one => one), Open().List().Count(set => set.Name == name));
            foreach (var set in Open().List())
            {
                Open().Delete(set.Id);
            }
        }
    }

    /// <summary>A part that came through one while the other deleted the whole.</summary>
    [Fact]
    public void Parts_that_nothing_is_known_of_are_swept()
    {
        var store = _stores.Open(DataSetFiles.LocationIn(Location));
        var (lost, kept) = ($"lost@{new string('a', 64)}", Begin(Open(), "kept"));
        store.Put(DataSetFiles.PartKey(lost, 3), "?"u8);
        Take(Open(), kept, 0);

        Assert.Equal(0, Open().Sweep(DateTimeOffset.UnixEpoch));
        Assert.NotNull(store.Find(DataSetFiles.PartKey(lost, 3)));
        File.SetLastWriteTimeUtc(Path.Combine(DataSetFiles.LocationIn(Location), DataSetFiles.PartKey(lost, 3)), DateTime.UnixEpoch);
        Assert.Equal(1, Open().Sweep(DateTimeOffset.UnixEpoch.AddDays(1)));
        Assert.Null(store.Find(DataSetFiles.PartKey(lost, 3)));
        Assert.NotNull(store.Find(DataSetFiles.PartKey(kept.Id, 0)));
    }

    private void PushUseAndDelete(DataSets one, DataSets other)
    {
        var set = Begin(one, "digits");
        Assert.Equal(set, Begin(other, "digits"));
        for (var offset = 0ul; offset < set.Bytes; offset += set.PartBytes)
        {
            Assert.Equal(Math.Min(offset + set.PartBytes, set.Bytes), Take(offset / set.PartBytes % 2 == 0 ? other : one, set, offset).ReceivedBytes);
        }

        var ready = other.Check(set);
        Assert.Equal((PushedDataSet.Types.State.Ready, 67u), (ready.State, ready.TrainSamples));
        Assert.Equal(ready, one.FindReady("digits"));
        Assert.Equal(67, one.DescribeWith(ready, DataPack.Describe).TrainSamples);
        Assert.True(one.Use(ready.Id, "j-1"));
        Assert.Equal("j-1", Assert.Single(other.Uses(ready.Id)).Job);

        other.SetReady(ready, isReady: false);
        Assert.False(one.Use(ready.Id, "j-2"));
        Assert.Equal(StatusCode.FailedPrecondition, Assert.Throws<RpcException>(() => Take(one, set, 0)).StatusCode);
        other.Delete(ready.Id);
        Assert.Equal(StatusCode.NotFound, Assert.Throws<RpcException>(() => one.Get(ready.Id)).StatusCode);
        Assert.Empty(one.List());
    }

    private static bool Begins(DataSets sets, CreateDataSetRequest request, string creator, Barrier both)
    {
        both.SignalAndWait();
        try
        {
            sets.Begin(request, creator, mayAll: false);
            return true;
        }
        catch (RpcException refused)
        {
            Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
            return false;
        }
    }

    private PushedDataSet Begin(DataSets sets, string name) =>
        sets.Begin(new CreateDataSetRequest { Name = name, Sha256 = Convert.ToHexStringLower(SHA256.HashData(_pack)), Bytes = (ulong)_pack.Length }, "ada", mayAll: false);

    private PushedDataSet Take(DataSets sets, PushedDataSet set, ulong offset)
    {
        var part = _pack.AsSpan((int)offset, (int)Math.Min(set.PartBytes, set.Bytes - offset));
        return sets.Take(set, new UploadDataSetRequest { Id = set.Id, Offset = offset, Data = ByteString.CopyFrom(part), Sha256 = Convert.ToHexStringLower(SHA256.HashData(part)) });
    }

    private DataSets Open() => Open(_stores, Location);

    private static DataSets Open(ArtifactStores stores, string location) =>
        new(stores, location, ProcessLimits.Parse(["message-bytes=40000"], ProcessLimits.OfCoordinators));
}
