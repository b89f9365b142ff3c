using System.Security.Cryptography;
using System.Text;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Formats;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bytes_of_a_small_model()
    {
        var layout = ParameterLayout.Of(new Model(new Shape(2), new Linear(1)));
        var weights = new float[layout.Elements];
        (weights[0], weights[16], weights[17]) = (0.5f, 1, -2);
        var path = _folder.File("model.safetensors");
        var sum = Safetensors.WriteWeights(path, layout, weights);

        const string header = """{"__metadata__":{"format":"pt"},"""
            + "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[4,12]}}";
        var padded = header.PadRight((header.Length + 7) / 8 * 8);
        byte[] expected = [(byte)padded.Length, 0, 0, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(padded), 0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0];
        Assert.Equal(expected, File.ReadAllBytes(path));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(expected)), sum);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void What_is_written_is_read_and_replaces_what_was_there()
    {
        var layout = ParameterLayout.Of(Zoo.LeNet());
        var path = _folder.Write("model.safetensors", [1, 2, 3]);
        var weights = TestData.Values(layout.Elements, seed: 1);
        Safetensors.WriteWeights(path, layout, weights);
        var tensors = Safetensors.Read(path);

        Assert.Equal(
            layout.Slots.OrderBy(slot => slot.Name, StringComparer.Ordinal).Select(slot => (slot.Name, slot.Shape)),
            tensors.Select(tensor => (tensor.Key, tensor.Value.Shape)));
        Assert.All(layout.Slots, slot => Assert.Equal(weights.AsSpan(slot.Offset, slot.Elements).ToArray(), tensors[slot.Name].Values));
    }

    /// <summary>By element size, then by name, as the format's own writer has it: some readers refuse an I64 whose offset 8 does not divide.</summary>
    [Fact]
    public void Every_tensor_is_aligned()
    {
        var layout = ParameterLayout.Of(new Model(new Shape(1, 3, 3), new Conv2d(3, 3) { Bias = false }, new BatchNorm2d(), new Flatten(), new Linear(2)));
        var path = _folder.File("model.safetensors");
        Safetensors.WriteWeights(path, layout, TestData.Values(layout.Elements, seed: 1), name => name == "1.num_batches_tracked" ? 1L << 40 : 0);
        using var file = SafetensorsReader.Open(path);

        Assert.Equal(
            ["1.num_batches_tracked", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "3.bias", "3.weight"],
            file.Entries.Values.Cast<SafetensorsEntry>().OrderBy(entry => entry.Begin).Select(entry => entry.Name));
        Assert.All(file.Entries.Values.Cast<SafetensorsEntry>(), entry => Assert.Equal(0, entry.Begin % entry.Type!.Bytes));
        Assert.Equal(1L << 40, file.ReadCount("1.num_batches_tracked"));
    }

    [Theory]
    [InlineData("F64", "000000000000f03f0100000000000000", 1f, 0f)]
    [InlineData("F64", "010000e0ffffef47010000f0ffffef47", float.MaxValue, float.PositiveInfinity)]
    [InlineData("F16", "003c0080", 1f, -0f)]
    [InlineData("BF16", "803f00c0", 1f, -2f)]
    [InlineData("I64", "0700000000000000ffffffffffffffff", 7f, -1f)]
    [InlineData("I32", "07000000ffffffff", 7f, -1f)]
    [InlineData("I16", "0700ffff", 7f, -1f)]
    [InlineData("I8", "07ff", 7f, -1f)]
    [InlineData("U8", "07ff", 7f, 255f)]
    public void Numbers_of_any_size_become_the_nearest_float32(string dtype, string bytes, float first, float second)
    {
        var data = Convert.FromHexString(bytes);
        var header = $$$"""{"a":{"dtype":"{{{dtype}}}","shape":[2],"data_offsets":[0,{{{data.Length}}}]}}""";

        Assert.Equal([first, second], Safetensors.Read(Write(header, data))["a"].Values);
    }

    [Fact]
    public void A_header_of_any_length_is_that_of_safetensors()
    {
        var header = """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""";
        foreach (var length in new[] { 640, 896, 0x580 }) // 0x80 0x02, 0x80 0x03 and 0x80 0x05 in the file, as a pickle has.
        {
            using var file = TensorFile.Open(Write(header.PadRight(length), new byte[4]));
            Assert.Equal([0f], file.Read("a"));
        }
    }

    [Fact]
    public void Other_dtypes_are_refused_where_they_are_read()
    {
        var path = Write("""{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}}""", new byte[7]);
        using var file = SafetensorsReader.Open(path);

        Assert.Equal([0f], file.Read("b"));
        Assert.Equal(
            $"{path}: tensor 'a' has dtype 'BOOL'; expected F64, F32, F16, BF16, I64, I32, I16, I8, U8",
            Assert.Throws<DataFileException>(() => file.Read("a")).Message);
        Assert.Equal(
            $"{path}: tensor 'b' has dtype F32 and shape (1); expected one whole number (I64)",
            Assert.Throws<DataFileException>(() => file.ReadCount("b")).Message);
    }

    [Fact]
    public void A_failed_write_leaves_nothing_and_the_old_file_alone()
    {
        var layout = ParameterLayout.Of(new Model(new Shape(2), new Linear(1)));
        Directory.CreateDirectory(_folder.File("model.safetensors"));

        Assert.ThrowsAny<Exception>(() => Safetensors.WriteWeights(_folder.File("model.safetensors"), layout, new float[layout.Elements]));
        Assert.Empty(Directory.GetFiles(_folder.Path));
        Assert.StartsWith(
            "7 weights for a layout of 32 elements.",
            Assert.Throws<ArgumentException>(() => Safetensors.WriteWeights(_folder.File("other"), layout, new float[7])).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "tensors end at 8 of the data; the file has 7 bytes of it, up to offset 69")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "tensors end at 8 of the data; the file has 9 bytes of it, up to offset 71")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
        12, "tensor 'a' starts at 4 of the data; expected 0, where the one before it ends")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}""",
        8, "tensor 'b' starts at 4 of the data; expected 8, where the one before it ends")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""",
        8, "tensor 'a' of shape (3) and dtype F32 has data_offsets [0,8] in the header at offset 8; expected 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""",
        8, "tensor 'a' of shape (2) and dtype F32 has data_offsets [8,0] in the header at offset 8; expected 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""",
        8, "tensor 'a' of shape (2) and dtype F32 has data_offsets [0] in the header at offset 8; expected 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""",
        8, "tensor 'a' has shape (-2) in the header at offset 8; expected dimensions of at least 0")]
    [InlineData("""{"a":{"dtype":"F4","shape":[1],"data_offsets":[8,0]}}""",
        8, "tensor 'a' of shape (1) and dtype F4 has data_offsets [8,0] in the header at offset 8; expected a first and a last")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}""",
        8, "header at offset 8 names tensor 'a' twice")]
    public void Lying_headers_are_refused(string header, int data, string problem)
    {
        var path = Write(header.Length, header, data);

        Assert.Equal($"{path}: {problem}", Assert.Throws<DataFileException>(() => Safetensors.Read(path)).Message);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("[]", 0)]
    [InlineData("{", 0)]
    [InlineData("{}x", 2)]
    [InlineData("""{"a":{}}""", 0)]
    [InlineData("""{"a":7}""", 0)]
    [InlineData("""{"a":{"dtype":7}}""", 0)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 0)]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999],"data_offsets":[0,4]}}""", 0)]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 0)]
    public void Headers_that_are_not_what_they_should_be_are_refused(string header, int position)
    {
        var path = Write(header.Length, header, data: 4);
        var refused = Assert.Throws<DataFileException>(() => Safetensors.Read(path));

        Assert.Matches($@"header at offset ({8 + position}|{8 + header.Length}|8) is not what safetensors has: ", refused.Message);
        Assert.Equal(path, refused.File);
    }

    [Theory]
    [InlineData(3L, "ends at offset 3; expected a header length of 8 bytes at offset 0")]
    [InlineData(100L, "header length 3 at offset 0; the file has 2 bytes behind it")]
    [InlineData(101L, "header length 18446744073709551615 at offset 0; the file has 2 bytes behind it")]
    public void Lengths_beyond_the_file_are_refused_before_memory_is_taken(long form, string problem)
    {
        var path = form < 8 ? _folder.Write("short", new byte[form]) : Write(form == 100 ? 3 : -1, "{}", 0);

        Assert.Equal($"{path}: {problem}", Assert.Throws<DataFileException>(() => Safetensors.Read(path)).Message);
    }

    [Fact]
    public void Any_truncation_and_any_changed_header_byte_is_an_error_or_a_valid_file()
    {
        var layout = ParameterLayout.Of(new Model(new Shape(3), new Linear(2)));
        var path = _folder.File("model");
        Safetensors.WriteWeights(path, layout, new float[layout.Elements]);
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = _folder.Write("cut", whole.AsSpan(0, length));
            Assert.Equal(cut, Assert.Throws<DataFileException>(() => Safetensors.Read(cut)).File);
        }

        for (var i = 0; i < whole.Length - (8 * sizeof(float)); i++)
        {
            var changed = (byte[])whole.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            try
            {
                Safetensors.Read(_folder.Write("changed", changed));
            }
            catch (DataFileException)
            {
            }
        }
    }

    private string Write(string header, byte[] data) => Write(header.Length, header, data);

    private string Write(long length, string header, int data) => Write(length, header, new byte[data]);

    private string Write(long length, string header, byte[] data) =>
        _folder.Write("given", [.. BitConverter.GetBytes(length), .. Encoding.UTF8.GetBytes(header), .. data]);
}
