using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Tests.Training;

public class ParameterLayoutTests
{
    [Fact]
    public void Lenet_lies_in_reverse_layer_order_at_multiples_of_sixteen()
    {
        var layout = ParameterLayout.Of(Zoo.LeNet());

        Assert.Equal(
            ["11.bias", "11.weight", "9.bias", "9.weight", "7.bias", "7.weight", "3.bias", "3.weight", "0.bias", "0.weight"],
            layout.Slots.Select(slot => slot.Name));
        Assert.Equal([0, 16, 864, 960, 11040, 11168, 59168, 59184, 61584, 61600], layout.Slots.Select(slot => slot.Offset));
        Assert.Equal([new Bucket(0, 0, layout.Elements)], layout.Buckets);
        Assert.Equal((61760, 1), (layout.Elements, layout.Chunks));
    }

    [Fact]
    public void Slots_do_not_overlap_and_buckets_close_at_a_megaelement_between_layers()
    {
        var layout = ParameterLayout.Of(new Model(
            new Shape(1009), new Linear(1013), new Linear(997), new Linear(503), new Linear(499), new Linear(13), new Linear(2)));
        var end = 0;
        foreach (var slot in layout.Slots)
        {
            Assert.Equal(0, slot.Offset % 16);
            Assert.InRange(slot.Offset - end, 0, 15);
            end = slot.Offset + slot.Elements;
        }

        Assert.InRange(layout.Elements - end, 0, 15);
        Assert.Equal(layout.Elements, layout.Buckets.Sum(bucket => bucket.Elements));
        Assert.Equal(Enumerable.Range(0, layout.Buckets.Count), layout.Buckets.Select(bucket => bucket.Index));
        Assert.All(layout.Buckets.SkipLast(1), bucket => Assert.True(bucket.Elements >= ParameterLayout.BucketElements));
        Assert.All(layout.Buckets, bucket => Assert.Contains(layout.Slots, slot => slot.Offset == bucket.Offset));
        Assert.Equal(2, layout.Buckets.Count);
        Assert.Equal((layout.Elements + 65_535) / 65_536, layout.Chunks);
    }
}
