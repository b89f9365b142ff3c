using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Data;

public sealed class DataSectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What people mean by a decimal fraction, though the nearest double lies beside it.</summary>
    [Theory]
    [InlineData("0.29", 29)]
    [InlineData("0.07", 7)]
    [InlineData("0.575", 57)]
    [InlineData("0.3333333333333333", 33)]
    [InlineData("0.999", 99)]
    [InlineData("1e-2", 1)]
    public void A_fraction_is_taken_as_it_is_written(string fraction, int samples)
    {
        var (train, validation) = Load($$"""
            "validation":{"fraction":{{fraction}}}
            """);

        Assert.Equal((100 - samples, samples), (train.Count, validation.Count));
    }

    [Fact]
    public void A_fraction_of_less_than_a_sample_is_refused() => Assert.Equal(
        "data.validation: takes 0 of 100 training samples; expected 1 to 99",
        Assert.Throws<ModelException>(() => Load("\"validation\":{\"fraction\":0.009}")).Message);

    [Fact]
    public void An_offset_is_taken_from_every_label()
    {
        var (train, test) = Load("\"label_offset\":3");

        Assert.Equal((7, 97), (train.Labels.Classes(ignored: 96), train.Classes));
        Assert.Equal((-3, 96), (train.Read(0, new float[1]), train.Read(99, new float[1])));
        Assert.Equal(-2, test.Read(1, new float[1]));
    }

    private (DataSet Train, DataSet Evaluation) Load(string more)
    {
        var images = _folder.Write("images", [0, 0, 8, 3, 0, 0, 0, 100, 0, 0, 0, 1, 0, 0, 0, 1, .. new byte[100]]);
        var labels = _folder.Write("labels", [0, 0, 8, 1, 0, 0, 0, 100, .. Enumerable.Range(0, 99).Select(i => (byte)(i % 10)), 99]);
        return DataSection.Load($$"""
            {"idx":{"train_images":"{{images}}","train_labels":"{{labels}}","test_images":"{{images}}","test_labels":"{{labels}}"},{{more}}}
            """);
    }
}
