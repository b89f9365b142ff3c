using Trainer.Hosting.Artifacts;
using Trainer.Hosting.Hashes;

namespace Trainer.Hosting.Tests.Hashes;

public sealed class StepHashFilesTests : IDisposable
{
    private static readonly HashOrigin First = new("j-1", 1, 1, "canonical-4", "5f0c");
    private static readonly HashOrigin Second = new("j-1", 1, 3, "opencl pocl 1.8/x=y", "5f0c");

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-hashes-").FullName;

    private FolderStore Artifacts => new(_folder);

    private string FileOf(HashOrigin origin) => Path.Combine(_folder, "hashes", $"{origin.Term}.{origin.Number}.txt");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_appended_is_read_and_of_two_records_of_an_item_the_later_generations()
    {
        Assert.Empty(StepHashFiles.Read(Artifacts));
        var writer = new StepHashWriter(Artifacts, First);
        writer.Append([new StepHash(1, 1, 0xa), new StepHash(2, 2, 0xb)]);
        writer.Append([new StepHash(3, 2, ulong.MaxValue)]);
        new StepHashWriter(Artifacts, Second).Append([new StepHash(3, 2, 0xd), new StepHash(5, 4, 0xe)]);

        var read = StepHashFiles.Read(Artifacts);
        Assert.Equal(new ulong[] { 1, 2, 3, 5 }, read.Keys.Order());
        Assert.Equal(new RecordedHash(new StepHash(2, 2, 0xb), First), read[2]);
        Assert.Equal(new RecordedHash(new StepHash(3, 2, 0xd), Second), read[3]);
        Assert.Equal(5ul, StepHashFiles.LastItem(Artifacts));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("3 2 00000000000")]
    [InlineData("3 2 000000000000000c 1234567")]
    [InlineData("3 2 000000000000000c 12345678\n")]
    public void A_torn_or_altered_line_is_as_if_it_were_not_there(string rest)
    {
        new StepHashWriter(Artifacts, First).Append([new StepHash(1, 1, 0xa), new StepHash(2, 2, 0xb)]);
        File.AppendAllText(FileOf(First), rest);
        Assert.Equal(new ulong[] { 1, 2 }, StepHashFiles.Read(Artifacts).Keys.Order());
        Assert.Equal(2ul, StepHashFiles.LastItem(Artifacts));
    }

    [Fact]
    public void A_file_without_its_head_and_lines_of_another_generation_do_not_count()
    {
        new StepHashWriter(Artifacts, First).Append([new StepHash(1, 1, 0xa)]);
        new StepHashWriter(Artifacts, Second).Append([new StepHash(2, 2, 0xb)]);
        var lines = File.ReadAllLines(FileOf(Second));
        File.AppendAllText(FileOf(First), lines[1] + "\n");
        File.WriteAllText(FileOf(Second), lines[1] + "\n");
        Assert.Equal([1ul], StepHashFiles.Read(Artifacts).Keys);
    }

    [Fact]
    public void What_a_failed_attempt_left_is_cut_off()
    {
        var writer = new StepHashWriter(Artifacts, First);
        writer.Append([new StepHash(1, 1, 0xa)]);
        File.AppendAllText(FileOf(First), "2 2 0000");
        writer.Append([new StepHash(2, 2, 0xb)]);
        Assert.Equal(3, File.ReadAllLines(FileOf(First)).Length);
        Assert.Equal(new ulong[] { 1, 2 }, StepHashFiles.Read(Artifacts).Keys.Order());
    }

    [Fact]
    public void A_long_record_goes_on_in_a_second_file()
    {
        var writer = new StepHashWriter(Artifacts, First);
        for (var first = 1; first <= RollingLog.MostLines + 5; first += RollingLog.MostLines / 2)
        {
            writer.Append([.. Enumerable.Range(first, RollingLog.MostLines / 2).Select(item => new StepHash((ulong)item, (ulong)item, (ulong)item))]);
        }

        Assert.Equal(["hashes/1.1-2.txt", "hashes/1.1.txt"], Artifacts.List("hashes").Select(file => file.Key));
        Assert.Equal(RollingLog.MostLines * 3 / 2, StepHashFiles.Read(Artifacts).Count);
        Assert.Equal(RollingLog.MostLines * 3 / 2, (int)StepHashFiles.LastItem(Artifacts));
    }
}
