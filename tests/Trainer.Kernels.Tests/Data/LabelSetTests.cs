using Trainer.Kernels.Data;

namespace Trainer.Kernels.Tests.Data;

public sealed class LabelSetTests
{
    [Theory]
    [InlineData(new[] { 0, 1, 2 }, 0, null, 3, null)]
    [InlineData(new[] { 0, 255, 2 }, 0, 255, 3, null)]
    [InlineData(new[] { 0, 3, 2 }, 0, null, 4, "the data's labels go up to 3 and need 4")]
    [InlineData(new[] { 1, 3, 2 }, 0, null, 4, "the data's labels go up to 3 and need 4; they start at 1, so data.label_offset: 1 may be what is missing")]
    [InlineData(new[] { 1, 3, 2 }, 1, null, 3, null)]
    [InlineData(new[] { 0, 3, 2 }, 1, null, 3, "the data's labels start at -1; classes start at 0")]
    [InlineData(new[] { 0, 3, 2 }, 1, -1, 3, null)]
    [InlineData(new[] { 7, 7 }, 0, 7, 0, "every label is 7, which the loss ignores")]
    public void Classes_are_the_labels_that_are_not_ignored(int[] labels, int offset, int? ignored, int classes, string? problem)
    {
        var set = LabelSet.Of(labels, offset);

        Assert.Equal((classes, problem), (set.Classes(ignored), set.Refuse(classes: 3, ignored)));
    }

    [Fact]
    public void Two_sets_together_have_the_labels_of_both() =>
        Assert.Equal(10, LabelSet.Of([0, 4]).Or(LabelSet.Of([9, 200])).Classes(ignored: 200));
}
