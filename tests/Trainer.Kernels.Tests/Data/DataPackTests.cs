using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Packs;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

/// <summary>Packs beside what they were made of; the archive is read by System.Formats.Tar.</summary>
public sealed class DataPackTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_pack_of_a_folder_is_the_folder()
    {
        var section = Pictures();
        var pack = Pack(section);

        var (train, test) = DataSection.DescribeUntransformed(Section(pack));
        var (train2, test2) = DataSection.DescribeUntransformed(section);

        Assert.Equal((train2.Count, test2!.Count), (train.Count, test!.Count));
        Assert.Equal(["ant", "bee"], train.ClassNames);
        Assert.Equal(Enumerable.Range(0, train.Count).Select(i => (train2.NameOf(i), train2.LabelOf(i))), Enumerable.Range(0, train.Count).Select(i => (train.NameOf(i), train.LabelOf(i))));
        Assert.Equal(DataIds.Of(train2, test2), DataIds.Of(train, test));
        Assert.Equal(DataSet.Fingerprint(train2.Load(), test2.Load()), DataSet.Fingerprint(train.Load(), test.Load()));
        Assert.Equal(train2.OpenReader().ReadPicture(2, 0).Pixels.ToArray(), train.OpenReader().ReadPicture(2, 0).Pixels.ToArray());
        var facts = DataPack.Describe(pack);
        Assert.Equal((5, 2), (facts.TrainSamples, facts.TestSamples));
    }

    [Fact]
    public void Equal_data_gives_equal_bytes_wherever_it_lies()
    {
        var (first, second) = (Pack(Pictures("a")), Pack(Pictures("b"), "again.tar"));

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(first))), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(second))));
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(Pack(Section(second), "third.tar")));
    }

    [Fact]
    public void Images_of_one_size_keep_the_id_of_their_files()
    {
        var x = _folder.Write("x.npy", Npy("(7, 1, 5, 3)", [.. Enumerable.Range(0, 7 * 15).Select(i => (byte)(i * 11))]));
        var y = _folder.Write("y.npy", Npy("(7,)", [3, 1, 2, 3, 1, 2, 3]));
        var section = $$"""{"label_offset":1,"npy":{"train_x":"{{x}}","train_y":"{{y}}"} }""";
        var pack = Pack($$"""{"npy":{"train_x":"{{x}}","train_y":"{{y}}"} }""");

        var train = DataSection.DescribeUntransformed($$"""{"label_offset":1,"packed":{"path":"{{pack}}"} }""").Train.Load();
        var files = DataSection.DescribeUntransformed(section).Train.Load();

        Assert.Equal(new Shape(1, 5, 3), train.Shape);
        Assert.Equal([2, 0, 1, 2, 0, 1, 2], Enumerable.Range(0, 7).Select(train.LabelOf));
        Assert.Equal(DataSet.Fingerprint(files), DataSet.Fingerprint(train));
        Assert.Null(DataSection.DescribeUntransformed(Section(pack)).Test);
    }

    [Fact]
    public void A_pack_is_a_tar_archive_of_the_files()
    {
        using var archive = new TarReader(File.OpenRead(Pack(Pictures())));
        var entries = new List<(string, byte[])>();
        while (archive.GetNextEntry(copyData: true) is { } entry)
        {
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            entries.Add((entry.Name, content.ToArray()));
        }

        Assert.Equal(["train/00000000.png", "train/00000001.png", "train/00000002.png", "train/00000003.jpg", "train/00000004.png", "test/00000000.png", "test/00000001.png", "index", "footer"], entries.Select(entry => entry.Item1));
        Assert.Equal(File.ReadAllBytes(_folder.File("pictures/train/bee/1.jpg")), entries[3].Item2);
    }

    [Fact]
    public void Its_tail_describes_it_and_cannot_be_read()
    {
        var whole = File.ReadAllBytes(Pack(Pictures()));
        var length = DataPack.TailBytes(whole.AsSpan(^DataPack.FooterBytes..))!.Value;
        var tail = _folder.Write("tail", whole[^(int)length..]);

        Assert.Equal(5, DataPack.Describe(tail).TrainSamples);
        var (train, _) = DataSection.DescribeUntransformed(Section(tail));
        var fault = Assert.Throws<DataFileException>(() => train.Load().OpenReader().ReadPicture(4, 0));
        Assert.StartsWith($"{tail}: ends at offset ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_pack_or_damaged_is_refused()
    {
        var whole = File.ReadAllBytes(Pack(Pictures()));
        var tail = (int)DataPack.TailBytes(whole.AsSpan(^DataPack.FooterBytes..))!.Value;
        var cut = _folder.Write("cut", whole[..^700]);
        var small = _folder.Write("small", [1, 2, 3]);
        whole[^(tail - 20)] ^= 1;
        var damaged = _folder.Write("damaged", whole);

        Assert.Equal($"{cut}: is no pack, or is cut short; expected a file of: trainer data import PATH --to FILE", Refused(cut));
        Assert.Equal($"{small}: is no pack, or is cut short; expected a file of: trainer data import PATH --to FILE", Refused(small));
        Assert.Equal($"{damaged}: has an index whose SHA-256 is another than the pack says: it is damaged", Refused(damaged));

        static string Refused(string path) => Assert.Throws<DataFileException>(() => DataPack.Describe(path)).Message;
    }

    [Fact]
    public void An_index_that_lies_is_refused_whatever_it_says()
    {
        var index = new PackIndex(100, new PackPart(["a"], false, null, null, [0], [new PackedFile("x", 50, 50, new byte[32])]), null).ToBytes();
        Assert.Equal(50, PackIndex.Parse(index).Train.Files[0].Length);
        var negative = (byte[])index.Clone();
        new byte[] { 0xff, 0xff, 0xff, 0xff, 0x0f }.CopyTo(negative, 16); // The length of the class's name.
        Assert.Throws<InvalidDataException>(() => PackIndex.Parse(negative));

        for (var at = 0; at < index.Length; at++)
        {
            foreach (var bit in new[] { 0x01, 0x40, 0x80 })
            {
                var changed = (byte[])index.Clone();
                changed[at] ^= (byte)bit;
                try
                {
                    var read = PackIndex.Parse(changed);
                    Assert.InRange(read.Train.Files[0].Offset + read.Train.Files[0].Length, 0, read.End);
                }
                catch (InvalidDataException)
                {
                    // Refused in words.
                }
            }
        }
    }

    /// <summary>Nobody makes room for two gibibytes that a file of a kilobyte promises.</summary>
    [Fact]
    public void Samples_that_a_file_has_no_bytes_for_are_refused()
    {
        var index = new PackIndex(int.MaxValue, new PackPart(["a"], false, null, null, [0], [new PackedFile("x", 0, Array.MaxLength, new byte[32])]), null).ToBytes();
        var path = _folder.File("lies.tar");
        File.WriteAllBytes(path, [.. index, .. new byte[TarHeader.PaddingOf(index.Length)], .. PackFooter.Of(index).ToBytes()]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var fault = Assert.Throws<DataFileException>(() => DataSection.DescribeUntransformed(Section(path)).Train.Load().OpenReader().ReadPicture(0, 0));
        Assert.StartsWith($"{path}: ends at offset ", fault.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 24);
    }

    /// <summary>numpy.lib.format, version 1.0.</summary>
    private static byte[] Npy(string shape, byte[] content)
    {
        var header = $"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. content];
    }

    private static string Section(string pack) => $$"""{"packed":{"path":"{{pack}}"} }""";

    private string Pack(string section, string name = "pack.tar")
    {
        var path = _folder.File(name);
        var (train, test) = DataSection.DescribeUntransformed(section);
        using var file = File.Create(path);
        DataPack.Write(train, test, file);
        return path;
    }

    /// <summary>Five pictures to train on, two to test, of two sizes.</summary>
    private string Pictures(string root = "pictures")
    {
        foreach (var (name, size) in new[] { ("train/ant/1.png", 3), ("train/ant/2.png", 5), ("train/ant/3.png", 3), ("train/bee/1.jpg", 7), ("train/bee/2.png", 3), ("test/ant/9.png", 3), ("test/bee/9.png", 5) })
        {
            TestPictures.Write(_folder.File($"{root}/{name}"), size, 5, (byte)(name.Length * 9), (byte)(size * 20), 77);
        }

        return $$"""{"image_folder":{"path":"{{_folder.File(root)}}"} }""";
    }
}
