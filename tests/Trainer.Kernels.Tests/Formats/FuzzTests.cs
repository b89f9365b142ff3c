using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Formats;

/// <summary>
/// Files from outside, damaged in every place: either they are read, or the error names the file; nothing else is thrown, and no more memory
/// is asked for than the file's size accounts for.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const int Seed = 20261123;
    private const int Mutations = 400;

    /// <summary>What readers need for themselves, whatever the file: .NET's of zip archives looks for their end in pieces of 64 KiB.</summary>
    private const int Spared = 1_000_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Idx_files() => Damage(Idx(), "images.idx", path => IdxFile.Read(path, [3]));

    [Fact]
    public void Safetensors_files() => Damage(SafetensorsFile(), "weights.safetensors", path => Safetensors.Read(path));

    [Fact]
    public void Headers_of_safetensors_files() => Damage(SafetensorsFile(), "weights.safetensors", path => SafetensorsReader.Open(path).Dispose());

    [Fact]
    public void Files_of_torch_save() => Damage(File.ReadAllBytes(TorchPickle.Write(_folder.File("good.pth"), TorchPickle.StateDict())), "weights.pth", path =>
    {
        using var file = TensorFile.Open(path);
        foreach (var name in file.Entries.Keys)
        {
            file.Read(name);
        }
    });

    [Fact]
    public void Lengths_beyond_the_file_allocate_nothing()
    {
        byte[] idx = [0, 0, 8, 3, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 1];
        Read(idx, "images.idx", path => IdxFile.Read(path, [3]), out var refused);
        Assert.True(refused);

        byte[] safetensors = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, (byte)'{', (byte)'}'];
        Read(safetensors, "weights.safetensors", path => Safetensors.Read(path), out refused);
        Assert.True(refused);
    }

    private static byte[] Idx() => [0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 7, .. Enumerable.Range(0, 105).Select(i => (byte)i)];

    private byte[] SafetensorsFile()
    {
        var model = new Model(new Shape(1, 4, 4), new Conv2d(2, 3), new BatchNorm2d(), new Flatten(), new Linear(3));
        var layout = ParameterLayout.Of(model);
        var path = _folder.File("good.safetensors");
        Safetensors.WriteWeights(path, layout, TestData.Values(layout.Elements, 5));
        return File.ReadAllBytes(path);
    }

    private void Damage(byte[] good, string name, Action<string> read)
    {
        Read(good, name, read, out var refused);
        Assert.False(refused);
        var anyRefused = false;
        for (var length = 0; length < good.Length; length++)
        {
            Read(good[..length], name, read, out refused);
            Assert.True(refused, $"The first {length} of {good.Length} bytes were read as a whole file.");
        }

        var random = new Random(Seed);
        for (var i = 0; i < Mutations; i++)
        {
            var bad = (byte[])good.Clone();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            Read(bad, name, read, out refused);
            anyRefused |= refused;
        }

        Assert.True(anyRefused, "No damage was noticed.");
    }

    private void Read(byte[] content, string name, Action<string> read, out bool refused)
    {
        var path = _folder.Write(name, content);
        refused = false;
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read(path);
        }
        catch (DataFileException e)
        {
            refused = true;
            Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < Spared + (20L * content.Length), $"{allocated} bytes for a file of {content.Length} (seed {Seed}).");
    }
}
