using System.Security.Cryptography;
using System.Text;
using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Tests.Run;
using Trainer.Protos;

namespace Trainer.Hosting.Tests.Artifacts;

/// <summary>Data sets that were pushed, on their way from the store to a machine.</summary>
public sealed class DataSetCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ArtifactStores _stores = new(() => throw new InvalidOperationException("There are no buckets here."));

    private string Artifacts => _folder["jobs"];

    private string Cache => _folder["cache"];

    public void Dispose()
    {
        _stores.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_data_set_is_fetched_once_and_found_again()
    {
        var (id, pack) = Push("digits", 2357);
        var file = Fetch(id);

        Assert.Equal(pack, File.ReadAllBytes(file));
        Directory.Delete(Artifacts, recursive: true);
        Assert.Equal(file, Fetch(id));
        Assert.Equal([file], Directory.GetFiles(Cache, "*.tar*"));
    }

    [Fact]
    public async Task Whoever_comes_meanwhile_waits_and_finds_it()
    {
        var (id, pack) = Push("digits", 2357);
        var files = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => Task.Run(() => Fetch(id))));

        Assert.Equal(pack, File.ReadAllBytes(Assert.Single(files.Distinct())));
    }

    [Fact]
    public void What_was_found_and_is_not_open_yet_makes_no_room()
    {
        var (first, second) = (Push("a", 500).Id, Push("b", 501).Id);
        Assert.Null(DataSetCache.Find(Cache, first));
        var file = Fetch(first, 600);
        using (var found = DataSetCache.Find(Cache, first))
        {
            Fetch(second, 600);
            Assert.Equal(file, found!.Path);
            Assert.True(File.Exists(file));
        }

        Fetch(Push("c", 502).Id, 600);
        Assert.Null(DataSetCache.Find(Cache, first));
    }

    [Fact]
    public void What_nobody_wanted_for_longest_makes_room()
    {
        string[] ids = [Push("a", 500).Id, Push("b", 501).Id, Push("c", 502).Id];
        var (first, second) = (Fetch(ids[0], 1100), Fetch(ids[1], 1100));
        File.SetLastWriteTimeUtc(first, DateTime.UnixEpoch);
        File.SetLastWriteTimeUtc(second, DateTime.UnixEpoch);
        Fetch(ids[0], 1100); // It is wanted again.
        using var reading = File.OpenRead(second);
        var third = Fetch(ids[2], 1100);

        Assert.Equal(new[] { first, third }.Order(StringComparer.Ordinal), Directory.GetFiles(Cache, "*.tar").Order(StringComparer.Ordinal));
        Assert.Equal(501, reading.Read(new byte[1000]));
        var fault = Assert.Throws<IOException>(() => Fetch(Push("d", 1101).Id, 1100));
        Assert.EndsWith(" has 1101 bytes, and this node keeps 1100 bytes of data sets at most (--limit data-cache-bytes=N).", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_damaged_in_the_store_or_gone_is_not_taken()
    {
        var (id, _) = Push("digits", 2357);
        var part = Path.Combine(Artifacts, "data-sets", "parts", id, "00000001");
        var bytes = File.ReadAllBytes(part);
        bytes[3] ^= 1;
        File.WriteAllBytes(part, bytes);
        Assert.Matches($"^The data set {id} has the SHA-256 [0-9a-f]{{64}} in the cluster's store: it is damaged there. Delete it and push it again.$", Assert.Throws<IOException>(() => Fetch(id)).Message);
        File.WriteAllBytes(part, bytes[..7]);
        Assert.Equal($"{part} is not there, or is shorter than it was.", Assert.Throws<IOException>(() => Fetch(id)).Message);
        File.Delete(part);
        Assert.Equal($"{part} is not there, or is shorter than it was.", Assert.Throws<IOException>(() => Fetch(id)).Message);
        Directory.Delete(Artifacts, recursive: true);
        Assert.Equal($"The data set {id} is not in the cluster's store any more: push it again.", Assert.Throws<IOException>(() => Fetch(id)).Message);
        Assert.Empty(Directory.GetFiles(Cache, "*.tar*"));
    }

    [Fact]
    public void It_is_read_from_any_offset_on()
    {
        var (id, pack) = Push("digits", 2357);
        var store = _stores.Open(DataSetFiles.LocationIn(Artifacts));
        var set = DataSetFiles.Find(store, DataSetFiles.Ready, id)!;
        foreach (var offset in new[] { 0, 1, 999, 1000, 1001, 2000, 2356, 2357 })
        {
            using var from = DataSetFiles.Read(store, set, offset);
            using var rest = new MemoryStream();
            from.CopyTo(rest);
            Assert.Equal(pack[offset..], rest.ToArray());
        }
    }

    [Fact]
    public void What_somebody_is_about_to_open_stays_and_drafts_of_the_dead_go()
    {
        var (first, second) = (Push("a", 500).Id, Push("b", 501).Id);
        var kept = Take(first, 600);
        File.WriteAllText(Path.Combine(Cache, "dead.part"), "half");
        Fetch(second, 600);
        Assert.Equal(2, Directory.GetFiles(Cache, "*.tar").Length);
        Assert.Empty(Directory.GetFiles(Cache, "*.part"));
        Assert.Equal(500, new FileInfo(kept.Path).Length);

        kept.Dispose();
        var third = Fetch(Push("c", 502).Id, 600);
        Assert.Equal([third], Directory.GetFiles(Cache, "*.tar"));
    }

    private string Fetch(string id, long most = 1 << 20)
    {
        using var pack = Take(id, most);
        return pack.Path;
    }

    private CachedPack Take(string id, long most) => new DataSetCache(Cache, most).Fetch(_stores, Artifacts, id, TestContext.Current.CancellationToken);

    /// <summary>As a coordinator leaves it, in parts of 1000 bytes.</summary>
    private (string Id, byte[] Pack) Push(string name, int bytes)
    {
        byte[] pack = [.. Enumerable.Range(0, bytes).Select(i => (byte)(i * 7 % 251))];
        var sum = Convert.ToHexStringLower(SHA256.HashData(pack));
        var set = new PushedDataSet { Id = $"{name}@{sum}", Name = name, Sha256 = sum, Bytes = (ulong)bytes, PartBytes = 1000, State = PushedDataSet.Types.State.Ready };
        var store = _stores.Open(DataSetFiles.LocationIn(Artifacts));
        foreach (var (number, part) in pack.Chunk(1000).Index())
        {
            store.Put(DataSetFiles.PartKey(set.Id, number), part);
        }

        store.Put(DataSetFiles.FactsKey(DataSetFiles.Ready, set.Id), Encoding.UTF8.GetBytes(ProtoJson.Line(ProtoJson.ToJson(set))));
        return (set.Id, pack);
    }
}
