using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Transforms;

namespace Trainer.Kernels.Tests.Data;

/// <summary>What transforms draw: how often, from where to where, and from what it follows.</summary>
public sealed class TransformTests
{
    private const int Draws = 4000;

    [Fact]
    public void A_flip_happens_as_often_as_it_says()
    {
        var flipped = Many([1, 2], new Shape(1, 1, 2), new RandomHorizontalFlip(0.3)).Count(pixels => pixels[0] == 2);

        Assert.InRange(flipped / (double)Draws, 0.27, 0.33);
    }

    /// <summary>Every place that the padding allows, equally often: chi squared with 24 degrees of freedom, beyond 52 once in a thousand.</summary>
    [Fact]
    public void A_crop_is_anywhere()
    {
        var counts = Many([.. Enumerable.Range(1, 25).Select(i => (byte)i)], new Shape(1, 5, 5), new RandomCrop([1])).GroupBy(pixels => pixels[0]).Select(group => group.Count()).ToList();

        Assert.Equal(25, counts.Count);
        Assert.InRange(counts.Sum(count => Math.Pow(count - (Draws / 25.0), 2) / (Draws / 25.0)), 4, 52);
    }

    [Fact]
    public void Areas_and_proportions_are_spread_as_they_should_be()
    {
        List<Area> areas = [.. Enumerable.Range(0, Draws).Select(i => Area(i)).OfType<Area>()];

        var shares = areas.Select(area => area.Height * area.Width / 1e6).ToList();
        var proportions = areas.Select(area => Math.Log((double)area.Width / area.Height)).ToList();
        Assert.InRange(areas.Count, Draws - 5, Draws);
        Assert.InRange(shares.Min(), 0.079, 0.1);
        Assert.InRange(shares.Max(), 0.9, 1);
        Assert.InRange(shares.Average(), 0.48, 0.54);
        Assert.InRange(proportions.Average(), -0.02, 0.02);
        Assert.InRange(proportions.Max(), 0.27, 0.29);

        static Area? Area(int sample)
        {
            var draws = new Draws(1, 1, sample, 0);
            return RandomArea.Draw(1000, 1000, [0.08, 1], [0.75, 4.0 / 3], ref draws);
        }
    }

    [Fact]
    public void Erasing_leaves_what_is_beside_its_rectangle()
    {
        var erased = Enumerable.Range(0, Draws).Select(i =>
        {
            var (planes, draws) = (new float[2 * 400], new Draws(1, 1, i, 0));
            planes.AsSpan().Fill(1);
            new RandomErasing(0.5, Value: [7, 8]).Apply(planes, new Shape(2, 20, 20), ref draws);
            Assert.Equal(planes.Count(value => value == 7), planes.Count(value => value == 8));
            return planes.Count(value => value == 7) / 400.0;
        }).ToList();

        Assert.InRange(erased.Count(share => share > 0) / (double)Draws, 0.47, 0.53);
        Assert.InRange(erased.Where(share => share > 0).Average(), 0.15, 0.2);
    }

    [Fact]
    public void Colours_are_jittered_in_every_order()
    {
        var results = Many([200, 30, 90], new Shape(3, 1, 1), new ColorJitter([0.5], [0.5], [0.5], [0.1])).Select(pixels => (pixels[0], pixels[1], pixels[2])).Distinct().Count();

        Assert.InRange(results, Draws / 2, Draws);
    }

    /// <summary>(seed, epoch, sample, place in the list): each makes other numbers, and nothing else does.</summary>
    [Fact]
    public void What_is_drawn_follows_from_seed_epoch_sample_and_place()
    {
        uint[] drawn = [First(1, 1, 1, 1), First(2, 1, 1, 1), First(1, 2, 1, 1), First(1, 1, 2, 1), First(1, 1, 1, 2)];

        Assert.Equal(5, drawn.Distinct().Count());
        Assert.Equal(drawn[0], First(1, 1, 1, 1));

        static uint First(ulong seed, int epoch, int sample, int transform) => new Draws(seed, epoch, sample, transform).Next();
    }

    [Fact]
    public void A_transform_that_does_not_fit_says_why()
    {
        var data = DataSet.FromArrays(new Shape(3, 5, 7), new byte[105], [0]);

        Expect(0, "takes 6x6 pixels of pictures that have 5x7 with their padding; give a padding, or pad_if_needed: true", new RandomCrop([6]));
        Expect(1, "works on pixels as bytes, and stands behind one that works on floats; put it before that", new Normalize([0.5], [0.5]), new CenterCrop([3]));
        Expect(1, "normalize has 3 means and 3 standard deviations for images of 1 channels; expected 1 or 1 of each.", new Grayscale(), new Normalize([1, 2, 3], [1, 2, 3]));

        void Expect(int index, string problem, params Transform[] transforms)
        {
            var misfit = Assert.Throws<TransformMisfitException>(() => data.With(transforms));
            Assert.Equal((index, problem), (misfit.Index, misfit.Message));
        }
    }

    private static IEnumerable<byte[]> Many(byte[] pixels, Shape shape, PictureTransform transform)
    {
        var work = new PictureWork();
        for (var sample = 0; sample < Draws; sample++)
        {
            work.Picture.Interleave(pixels, shape);
            var draws = new Draws(1, 1, sample, 0);
            transform.Apply(work, ref draws);
            yield return work.Picture.Pixels.ToArray();
        }
    }

    /// <summary>Three channels at once, whose rows may have a pixel alone, as each channel by itself.</summary>
    [Fact]
    public void Channels_are_resampled_as_each_alone()
    {
        foreach (var (from, to) in Enumerable.Range(1, 9).SelectMany(from => new[] { 1, 2, 3, 5, 8, 13 }.Select(to => (from, to))))
        {
            foreach (var interpolation in new[] { Interpolation.Bilinear, Interpolation.Bicubic })
            {
                var colours = Filled(7, from, 3, (y, x, c) => (byte)((y * 37) + (x * 101) + (c * 59)));
                new Resampler().Run(colours, 5, to, interpolation);
                for (var channel = 0; channel < 3; channel++)
                {
                    var one = Filled(7, from, 1, (y, x, _) => (byte)((y * 37) + (x * 101) + (channel * 59)));
                    new Resampler().Run(one, 5, to, interpolation);
                    Assert.Equal(one.Picture.Pixels.ToArray(), colours.Picture.Pixels.ToArray().Where((_, i) => i % 3 == channel));
                }
            }
        }

        static PictureWork Filled(int height, int width, int channels, Func<int, int, int, byte> value)
        {
            var work = new PictureWork();
            var pixels = work.Picture.Reshape(height, width, channels);
            for (var i = 0; i < pixels.Length; i++)
            {
                pixels[i] = value(i / channels / width, i / channels % width, i % channels);
            }

            return work;
        }
    }
}
