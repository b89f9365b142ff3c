using System.Security.Cryptography;
using System.Text;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Tests.Artifacts;

/// <summary>What every store must do.</summary>
public abstract class ArtifactStoreSuite
{
    protected abstract IArtifactStore Store { get; }

    [Fact]
    public void A_file_appears_when_it_is_committed_with_its_sum_and_replaces_the_one_before()
    {
        Assert.Null(Store.Find("a/model"));
        using (var file = Store.Create("a/model"))
        {
            file.Write("one "u8);
            file.Write("two"u8);
            Assert.Empty(Store.List(""));
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("one two"u8)), file.Commit());
            Assert.Equal(7, file.Length);
        }

        Assert.Equal(("a/model", 7), Store.Find("a/model") is { } found ? (found.Key, found.Bytes) : default);
        Store.Put("a/model", "three"u8);
        Assert.Equal("three", Text("a/model"));
    }

    [Fact]
    public void What_is_not_committed_leaves_nothing()
    {
        using (var file = Store.Create("model"))
        {
            file.Write(new byte[(16 << 20) + 1]);
        }

        Assert.Null(Store.Open("model"));
        Assert.Empty(Store.List(""));
    }

    [Fact]
    public void A_large_file_comes_back_whole_and_from_any_offset()
    {
        var content = new byte[(32 << 20) + 17];
        for (var i = 0; i < content.Length; i += 101)
        {
            content[i] = (byte)(i >> 8);
        }

        Store.Put("large", content);
        Assert.True(content.AsSpan().SequenceEqual(Store.Get("large")));
        using var end = Store.Open("large", content.Length - 1009)!;
        Assert.Equal(content.Length, end.File.Bytes);
        var read = new byte[1009];
        end.Stream.ReadExactly(read);
        Assert.True(content.AsSpan()[^1009..].SequenceEqual(read));
        Assert.Equal(-1, end.Stream.ReadByte());
        using var nothing = Store.Open("large", content.Length)!;
        Assert.Equal(-1, nothing.Stream.ReadByte());
    }

    [Fact]
    public void Whoever_reads_is_not_disturbed_by_whoever_replaces()
    {
        Store.Put("metrics", "before"u8);
        using var reading = Store.Open("metrics")!;
        Store.Put("metrics", "after"u8);
        using var text = new StreamReader(reading.Stream);
        Assert.Equal("before", text.ReadToEnd());
    }

    [Fact]
    public void Files_are_listed_and_deleted_below_a_key()
    {
        Store.Delete(""); // Nothing was ever there.
        Store.Put("checkpoints/b/state", "1"u8);
        Store.Put("checkpoints/a/state", "22"u8);
        Store.Put("checkpoints-of-another", "333"u8);
        Assert.Equal(["checkpoints/a/state", "checkpoints/b/state"], Store.List("checkpoints").Select(file => file.Key));
        Assert.Equal([2L, 1L], Store.List("checkpoints").Select(file => file.Bytes));
        Store.Delete("checkpoints/a");
        Store.Delete("never-was");
        Assert.Equal(["checkpoints-of-another", "checkpoints/b/state"], Store.List("").Select(file => file.Key));
        Store.Delete("");
        Assert.Empty(Store.List(""));
    }

    [Fact]
    public void A_log_grows_and_begins_anew_with_its_next_writer()
    {
        var log = Store.OpenLog("hashes/1.1.txt");
        log.Append("a\n"u8);
        log.Append("b\n"u8);
        Assert.Equal("a\nb\n", Text("hashes/1.1.txt"));
        Store.OpenLog("hashes/1.1.txt").Append("c\n"u8);
        Assert.Equal("c\n", Text("hashes/1.1.txt"));
    }

    private string Text(string key) => Encoding.UTF8.GetString(Store.Get(key)!);

    [Fact]
    public void A_pinned_checkpoint_is_not_deleted()
    {
        Store.Put("state.bin", "state"u8);
        Assert.False(CheckpointPins.Pin(Store, CheckpointPins.User)); // There is no manifest.
        Assert.Empty(CheckpointPins.On(Store));
        Store.Put(CheckpointManifest.ManifestFile, "{}"u8);
        Assert.True(CheckpointPins.Pin(Store, "a") && CheckpointPins.Pin(Store, "b"));
        CheckpointPins.Unpin(Store, "a");
        CheckpointPins.DeleteUnlessHeld(Store);
        Assert.Equal(["manifest.json", "pins/b", "state.bin"], Store.List("").Select(file => file.Key));
        CheckpointPins.Unpin(Store, "b");
        CheckpointPins.DeleteUnlessHeld(Store);
        Assert.Empty(Store.List(""));
    }
}
