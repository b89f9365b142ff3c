using Trainer.Kernels.Data;

namespace Trainer.Kernels.Tests.Data;

public sealed class BatchLoaderTests
{
    private static readonly Shape Image = new(3, 5, 2);

    private readonly NumberedSource _source = new(61);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Batches_come_in_the_plans_order_however_many_threads_read_them(int threads)
    {
        using var loader = new BatchLoader([DataSet.From(_source)], seed: 0, threads);
        var (images, labels) = (new float[7 * Image.Elements], new int[7]);
        loader.Begin(new Runs(0, 7, 20));

        for (var batch = 0; batch < 20; batch++)
        {
            Assert.Equal(7, loader.Take(images, labels));
            for (var i = 0; i < 7; i++)
            {
                var sample = ((batch * 7) + i) % 61;
                Assert.Equal((sample, sample / 255f), (labels[i], images[(i * (int)Image.Elements) + 29]));
            }
        }

        Assert.Equal("The plan has no more batches.", Assert.Throws<InvalidOperationException>(() => loader.Take(images, labels)).Message);
    }

    /// <summary>What was read ahead for the generation before is not what the next one gets.</summary>
    [Fact]
    public void Another_plan_discards_what_was_read_ahead()
    {
        using var loader = new BatchLoader([DataSet.From(_source)], seed: 0, threads: 2);
        var (images, labels) = (new float[7 * Image.Elements], new int[7]);
        for (var generation = 0; generation < 50; generation++)
        {
            loader.Begin(new Runs(generation, 3 + (generation % 5), 20));

            var samples = loader.Take(images, labels);
            Assert.Equal((3 + (generation % 5), generation), (samples, labels[0]));
        }
    }

    [Fact]
    public void A_sample_that_cannot_be_read_ends_the_batch_that_has_it_and_no_earlier_one()
    {
        _source.Broken = 15;
        using var loader = new BatchLoader([DataSet.From(_source)], seed: 0, threads: 2);
        var (images, labels) = (new float[7 * Image.Elements], new int[7]);
        loader.Begin(new Runs(0, 7, 20));
        loader.Take(images, labels);
        loader.Take(images, labels);

        Assert.Equal("sample 15: broken", Assert.Throws<DataFileException>(() => loader.Take(images, labels)).Message);

        loader.Begin(new Runs(16, 7, 20));
        loader.Take(images, labels);
        Assert.Equal(16, labels[0]);
    }

    [Fact]
    public void Whoever_waits_for_data_can_be_interrupted()
    {
        using var loader = new BatchLoader([DataSet.From(_source)], seed: 0, threads: 1);
        using var held = _source.Hold(); // until the loader wants to end
        loader.Begin(new Runs(0, 7, 20));
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();

        Assert.Throws<OperationCanceledException>(() => loader.Take(new float[7 * Image.Elements], new int[7], interruption.Token));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void In_steady_state_nothing_is_allocated(int? threads)
    {
        var data = DataSet.FromArrays(Image, new byte[61 * Image.Elements], new int[61]);
        using var loader = new BatchLoader([data], seed: 0, threads);
        var (images, labels) = (new float[7 * Image.Elements], new int[7]);
        loader.Begin(new Runs(0, 7, 200));
        for (var batch = 0; batch < 20; batch++)
        {
            loader.Take(images, labels);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var batch = 0; batch < 100; batch++)
        {
            loader.Take(images, labels);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_source_that_does_not_keep_its_word_is_told_so()
    {
        var data = DataSet.From(new NumberedSource(3) { Height = 4 });

        Assert.Equal("sample 1: is an image of (3,4,2); expected (3,5,2)", Assert.Throws<DataFileException>(() => data.Read(1, new float[30])).Message);
    }

    [Fact]
    public void Arrays_make_a_data_set_with_any_number_of_classes()
    {
        int[] labels = [.. Enumerable.Range(0, 61).Select(i => i * 1000)];
        var data = DataSet.FromArrays(Image, new byte[61 * Image.Elements], labels);

        Assert.Equal((61, Image, 60_001), (data.Count, data.Shape, data.Classes));
        Assert.Equal(7000, data.Read(7, new float[Image.Elements]));
        var wrong = Assert.Throws<ArgumentException>(() => DataSet.FromArrays(Image, new byte[59], labels));
        Assert.StartsWith("59 pixels for 61 labels; expected (C, H, W) and as many pixels as 61 images of (3,5,2) have.", wrong.Message);
    }

    /// <summary>Batches of samples that follow each other, round and round.</summary>
    private sealed class Runs(int first, int size, int batches) : IBatchPlan
    {
        private int _batch;

        public bool Next(BatchSamples batch)
        {
            batch.Begin(set: 0, epoch: 1);
            Span<int> samples = stackalloc int[size];
            for (var i = 0; i < size; i++)
            {
                samples[i] = (first + (_batch * size) + i) % 61;
            }

            batch.Add(samples, first + (_batch * size));
            return _batch++ < batches;
        }
    }

    /// <summary>An own source: every pixel of an image is its number, which is its label too.</summary>
    private sealed class NumberedSource(int count) : ISampleSource
    {
        private readonly SemaphoreSlim _free = new(1);

        public int Count => count;

        public int Channels => 3;

        public Shape? Shape => Image;

        public int? Broken { get; set; }

        public int Height { get; init; } = 5;

        public int LabelOf(int index) => index;

        public void Read(int index, Picture picture)
        {
            _free.Wait();
            _free.Release();
            picture.Reshape(Height, 2, 3).Fill((byte)index);
            if (index == Broken)
            {
                throw new DataFileException(((ISampleSource)this).NameOf(index), "broken");
            }
        }

        public IDisposable Hold()
        {
            _free.Wait();
            return new Held(_free);
        }

        private sealed class Held(SemaphoreSlim free) : IDisposable
        {
            public void Dispose() => free.Release();
        }
    }
}
