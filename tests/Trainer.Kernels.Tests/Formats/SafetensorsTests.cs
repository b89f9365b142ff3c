using System.Buffers.Binary;
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
            + "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
            + "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
        var padded = header.PadRight((header.Length + 7) / 8 * 8);
        byte[] expected = [(byte)padded.Length, 0, 0, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(padded), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f];
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

        Assert.Equal(layout.Slots.Reverse().Select(slot => (slot.Name, slot.Shape)), tensors.Select(tensor => (tensor.Key, tensor.Value.Shape)));
        Assert.All(layout.Slots, slot => Assert.Equal(weights.AsSpan(slot.Offset, slot.Elements).ToArray(), tensors[slot.Name].Values));
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
        8, "tensor 'a' of shape (-2) and dtype F32 has data_offsets [0,8] in the header at offset 8; expected NaN bytes")]
    [InlineData("""{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}""",
        8, "tensor 'a' has dtype 'F64' in the header at offset 8; expected F32, I64, F16, BF16")]
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

    private string Write(long length, string header, int data)
    {
        var bytes = new byte[8 + header.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        Encoding.UTF8.GetBytes(header, bytes.AsSpan(8));
        return _folder.Write("lying", bytes);
    }
}
