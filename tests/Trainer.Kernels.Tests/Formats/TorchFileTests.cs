using System.IO.Compression;
using System.Text.Json;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Tests.Golden;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Formats;

/// <summary>Files of torch.save: those that Debian's python3-torch writes (Golden/save.py), and those of somebody who means harm.</summary>
public sealed class TorchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_torch_saves_is_read_in_both_formats()
    {
        var printed = await Python.RunAsync("torch", "save.py", _folder.Path);
        var files = printed.ConvertAll(line => JsonDocument.Parse(line).RootElement);

        Assert.Equal(5, files.Count);
        foreach (var (file, ending) in files.SelectMany(file => new[] { "", ".legacy", ".protocol4" }.Select(ending => (file, ending))))
        {
            var name = file.GetProperty("name").GetString()!;
            using var read = TensorFile.Open(_folder.File($"{name}{ending}.pth"));
            var tensors = file.GetProperty("tensors").EnumerateObject().ToList();
            Assert.Equal(tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), read.Entries.Keys.Order(StringComparer.Ordinal));
            foreach (var tensor in tensors)
            {
                Assert.Equal(tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()), read.Entries[tensor.Name].Shape.Dimensions.ToArray());
                Assert.Equal(tensor.Value.GetProperty("values").EnumerateArray().Select(value => (float)value.GetDouble()), read.Read(tensor.Name));
            }
        }
    }

    [Fact]
    public void A_file_made_by_hand_is_read()
    {
        using var file = TensorFile.Open(Write(TorchPickle.StateDict()));

        Assert.Equal([0f, 1, 2, 3, 4, 5], file.Read("w"));
        Assert.Equal(new Shape(2, 3), file.Entries["w"].Shape);
    }

    [Fact]
    public void Nothing_is_executed_and_what_would_have_to_be_is_named()
    {
        Refused([0x80, 2, .. "cposix\nsystem\n"u8, (byte)'X', 2, 0, 0, 0, .. "ls"u8, 0x85, (byte)'R', (byte)'.'],
            "at offset 24 of its pickle wants posix.system, which makes no tensor and is not looked for; save the state_dict alone");
        Refused([0x80, 2, .. "cnumpy.core.multiarray\nscalar\n"u8, (byte)')', 0x81, (byte)'.'], "wants numpy.core.multiarray.scalar");
        Refused([0x80, 2, .. "ctorch._utils\n_rebuild_tensor_v2\n"u8, (byte)')', (byte)'R', (byte)'.'], "torch._utils._rebuild_tensor_v2 is called with arguments that it does not take");
        Refused([0x80, 2, (byte)'i', .. "os\nsystem\n"u8, (byte)'.'], "is the operation 0x69, which files of tensors do not need");
    }

    [Fact]
    public void Values_that_hold_themselves_and_lengths_beyond_the_file_end_in_words()
    {
        Refused([0x80, 2, (byte)']', (byte)'q', 0, (byte)'h', 0, (byte)'a', (byte)'.'], "has no tensors with names; expected a state_dict");
        Refused([0x80, 2, (byte)'}', (byte)'q', 0, (byte)'X', 5, 0, 0, 0, .. "model"u8, (byte)'h', 0, (byte)'s', (byte)'.'], "has no tensors with names");
        Refused([0x80, 2, (byte)'X', 0xff, 0xff, 0xff, 0x7f, (byte)'.'], "2147483647 bytes are to follow, and the file has 1");
        Refused([0x80, 4, 0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (byte)'.'], "at offset 2 of its pickle");
        Refused([0x80, 2, (byte)'a'], "wants a value that is not there");
        Refused([0x80, 2, (byte)'t'], "wants a mark that is not there");
        Refused([0x80, 2, (byte)'h', 9], "value 9 is wanted, which was not kept");
        Refused([0x80, 2, (byte)'}'], "the file ends");
        Refused([.. Enumerable.Repeat((byte)'(', 100_000), (byte)'N', (byte)'.'], "has no tensors with names");
    }

    [Fact]
    public void Sizes_that_the_storage_has_not_are_refused_before_anything_is_made_of_them()
    {
        Refused(TorchPickle.StateDict(rows: 0x7fffffff), "tensor 'w' has shape (2147483647,3), more elements than its storage's 6");
        Refused(TorchPickle.StateDict(rows: 1 << 30, rowStride: 0), "tensor 'w' has shape (1073741824,3), more elements than its storage's 6");
        RefusedToRead(TorchPickle.StateDict(rows: 3), "tensor 'w' takes elements 0 to 8 of storage '0', which the file has not");
        RefusedToRead(TorchPickle.StateDict(offset: 2), "tensor 'w' takes elements 2 to 7 of storage '0', which the file has not");
        RefusedToRead(TorchPickle.StateDict(key: "../0"), "tensor 'w' takes elements 0 to 5 of storage '../0', which the file has not");
    }

    [Fact]
    public void What_is_compressed_or_no_archive_of_torchs_is_refused()
    {
        var path = Write(TorchPickle.StateDict(), CompressionLevel.SmallestSize);
        Assert.Matches("data.pkl has [0-9]+ bytes, [0-9]+ compressed; expected at most [0-9]+, not compressed", Assert.Throws<DataFileException>(() => TensorFile.Open(path)).Message);
        using (var archive = ZipFile.Open(_folder.File("other.zip"), ZipArchiveMode.Create))
        {
            archive.CreateEntry("a.npy");
        }

        Assert.Contains("its archive has 1 files, and none is data.pkl", Assert.Throws<DataFileException>(() => TensorFile.Open(_folder.File("other.zip"))).Message, StringComparison.Ordinal);
        Assert.Contains("it is a pickle of something else", Assert.Throws<DataFileException>(() => TensorFile.Open(_folder.Write("other.pkl", [0x80, 2, (byte)'N', (byte)'.']))).Message, StringComparison.Ordinal);
    }

    /// <summary>Found by fuzzing: a kilobyte asked for 144 MiB.</summary>
    [Fact]
    public void A_length_beyond_the_archive_allocates_nothing()
    {
        var bytes = File.ReadAllBytes(Write(TorchPickle.StateDict()));
        var directory = bytes.AsSpan().IndexOf("PK\x01\x02"u8);
        bytes.AsSpan(directory + 20, 8).Fill(9); // Its length, compressed and not.
        var path = _folder.Write("long.pth", bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains($"data.pkl has 151587081 bytes, 151587081 compressed; expected at most {bytes.Length}, not compressed", Assert.Throws<DataFileException>(() => TensorFile.Open(path)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private void Refused(byte[] pickle, string problem) =>
        Assert.Contains(problem, Assert.Throws<DataFileException>(() => TensorFile.Open(Write(pickle)).Dispose()).Message, StringComparison.Ordinal);

    private void RefusedToRead(byte[] pickle, string problem)
    {
        using var file = TensorFile.Open(Write(pickle));
        Assert.Contains(problem, Assert.Throws<DataFileException>(() => file.Read("w")).Message, StringComparison.Ordinal);
    }

    private string Write(byte[] pickle, CompressionLevel compression = CompressionLevel.NoCompression) => TorchPickle.Write(_folder.File("model.pth"), pickle, compression);
}
