using Trainer.Kernels.Functional;

namespace Trainer.Kernels.Tests.Functional;

public sealed class NdArrayTests
{
    [Fact]
    public void Rows_of_csharp_are_rows()
    {
        NdArray array = new float[,] { { 0, 1, 2 }, { 3, 4, 5 } };

        Assert.Equal((new Shape(2, 3), 5f, 3f), (array.Shape, array[1, 2], array[1, 0]));
        Assert.Equal(array.Values, NdArray.Range(2, 3).Values);
    }

    /// <summary>As PyTorch prints them, but for the word tensor and the points behind whole numbers.</summary>
    [Fact]
    public void Arrays_are_printed_in_brackets()
    {
        Assert.Equal("[0, 1, 2]", $"{NdArray.Range(3)}");
        Assert.Equal("5", $"{new NdArray(new Shape(), [5])}");
        Assert.Equal("[[ 0, -1],\n [10,  3]]", $"{new NdArray(new Shape(2, 2), [-0f, -1, 10, 3])}");
        Assert.Equal("[[0.3333, 0.6667]]", $"{new NdArray(new Shape(1, 2), [1 / 3f, 2 / 3f])}");
        Assert.Equal("[[[0, 1]],\n\n [[2, 3]]]", $"{NdArray.Range(2, 1, 2)}");
        Assert.Equal("[]", $"{NdArray.Range(0)}");
        Assert.Equal("(11,7,13)", $"{NdArray.Range(11, 7, 13)}");
    }

    [Fact]
    public void Arrays_are_stacked_and_reshaped()
    {
        var row = NdArray.Range(3);
        var stacked = NdArray.Stack(row, row.Map(value => value + 3));

        Assert.Equal((new Shape(2, 3), new Shape(3, 2)), (stacked.Shape, stacked.Reshape(3, 2).Shape));
        Assert.Equal(NdArray.Range(6).Values, stacked.Values);
        Assert.Equal([0, 1, 4], row.Zip(row, (a, b) => a * b).Values);
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        Says("5 values, expected 6 for an array of (2,3).", () => new NdArray(new Shape(2, 3), new float[5]));
        Says("6 values, expected 8 for an array of (2,4).", () => NdArray.Range(2, 3).Reshape(2, 4));
        Says("An array of (3), expected (2).", () => NdArray.Range(2).Zip(NdArray.Range(3), (a, _) => a));
        Says("Arrays of (2) and (3) cannot be stacked; expected one shape.", () => NdArray.Stack(NdArray.Range(2), NdArray.Range(3)));
        Says("There is nothing to stack.", () => NdArray.Stack());
        Says("1 indices, expected 2 for an array of (2,3).", () => NdArray.Range(2, 3)[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => NdArray.Range(2, 3)[0, 3]);
    }

    private static void Says(string words, Func<object> call) => Assert.StartsWith(words, Assert.ThrowsAny<ArgumentException>(call).Message, StringComparison.Ordinal);
}
