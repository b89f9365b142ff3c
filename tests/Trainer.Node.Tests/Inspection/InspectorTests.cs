using Google.Protobuf;
using SkiaSharp;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Node.Inspection;
using Trainer.Node.States;
using Trainer.Node.Tests.Training;
using Trainer.Node.Tests.Worker;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Tests.Inspection;

/// <summary>What a job's network has learnt and sees, of a job that workers trained.</summary>
public sealed class InspectorTests
{
    private static readonly ArtifactStores Stores = new(() => throw new InvalidOperationException("No bucket is asked for."));

    [Fact]
    public async Task A_job_shows_its_filters_through_the_epochs_what_layers_give_and_its_samples()
    {
        using var data = new TinyData(train: 53, test: 23);
        var job = data.Job(epochs: 3);
        await using var group = await new WorkerGroup(2, threads: 1).ReadyAsync();
        await group.TrainAsync("job", job);
        var order = new InspectionOrder { Spec = job, Job = "job", Artifacts = group.Artifacts, Input = { 1, 28, 28 }, Classes = 10, State = new InspectedState { Step = 6 } };

        var now = Ask(order, new GetFiltersRequest()).Filters;
        Assert.Equal("6,1,5,5", string.Join(',', now.Shape));
        Assert.Equal((0u, "0", 6u, 1u, 6ul, "1,2,3"), (now.Layer, now.Name, now.Filters, now.Channels, now.Step, string.Join(',', now.Epochs)));
        Assert.Equal(((6 * 7) + 2, 9), SizeOf(now.Sheet));
        Assert.Equal(now.Sheet, Ask(order, new GetFiltersRequest { Epoch = 3 }).Filters.Sheet);
        Assert.NotEqual(now.Sheet, Ask(order, new GetFiltersRequest { Epoch = 1 }).Filters.Sheet);
        Assert.Equal((6u, 96u, 6u), (Ask(order, new GetFiltersRequest { Layer = 3 }).Filters.Channels, Ask(order, new GetFiltersRequest { Layer = 3 }).Filters.Sheet.Pictures, Ask(order, new GetFiltersRequest { Layer = 3 }).Filters.Sheet.Columns));
        Refuses("epoch", "must be one whose filters are kept: 1, 2, 3; got 4", order, new GetFiltersRequest { Epoch = 4 });
        Refuses("layer", "must be one of the model's convolutions, which are layers 0, 3; got 1", order, new GetFiltersRequest { Layer = 1 });

        using var expected = Result(job, group);
        expected.Infer(1);
        var maps = Ask(order, new GetFeatureMapsRequest { Layer = 0, Sample = 5 }).FeatureMaps;
        Assert.Equal(expected.OutputOf(0, 0)[..784].Min(), maps.Ranges[0].Least);
        Assert.Equal(expected.OutputOf(0, 0)[(5 * 784)..].Max(), maps.Ranges[5].Greatest);
        Assert.Equal((6u, "6,28,28", 5), (maps.Maps.Pictures, string.Join(',', maps.Shape), maps.Label));
        Assert.Equal((28 + 4, 28 + 4), SizeOf(maps.Input));
        Assert.Equal(5, maps.Guesses.Count);
        Assert.Equal((uint)Enumerable.Range(0, 10).MaxBy(label => expected.Output[label]), maps.Guesses[0].Label);
        Assert.Equal(expected.Output.ToArray(), Ask(order, new GetFeatureMapsRequest { Layer = 11, Sample = 5 }).FeatureMaps.Values);
        Refuses("layer", "must be 0 to 11, the places of the model's layers; got 12", order, new GetFeatureMapsRequest { Layer = 12, Sample = 5 });
        Refuses("sample", "must be 0 to 22, the samples that the job is evaluated on; got 23", order, new GetFeatureMapsRequest { Layer = 0, Sample = 23 });

        var manifest = CheckpointFiles.ReadManifest(new FolderStore(Directory.GetDirectories(Path.Combine(group.Artifacts, "job", "checkpoints")).First()));
        var other = order.Clone();
        other.State = new InspectedState { Hash = manifest.Hash, Step = manifest.Step!.Value };
        Assert.Equal(manifest.Step.Value, Ask(other, new GetFeatureMapsRequest { Layer = 0, Sample = 5 }).FeatureMaps.Step);
        other.State.Hash = "0123456789abcdef";
        Assert.EndsWith("has no checkpoint whose state has the hash 0123456789abcdef", Inspector.Answer(With(other, new GetFiltersRequest()), Stores).Refused.Message, StringComparison.Ordinal);

        var samples = Ask(order, new GetSamplesRequest { Count = 11, First = 3, Epoch = 2 }).Samples;
        Assert.Equal((11u, 53u, 11), (samples.Sheet.Pictures, samples.SetSamples, samples.Samples.Count));
        Assert.Equal((8 * 30) + 2, SizeOf(samples.Sheet).Width);
        var test = Ask(order, new GetSamplesRequest { Part = SetPart.Evaluation, Indices = { 7, 0 } }).Samples;
        Assert.Equal([7u, 0u], test.Samples.Select(sample => sample.Index));
        Assert.Equal([7, 0], test.Samples.SelectMany(sample => sample.Labels));
        Refuses("indices", "must be 0 to 22, the samples of the set; got 23", order, new GetSamplesRequest { Part = SetPart.Evaluation, Indices = { 23 } });
        Refuses("first", "must be 0 to 52, the places of an epoch's samples; got 53", order, new GetSamplesRequest { First = 53 });
    }

    [Fact]
    public async Task A_picture_of_ones_own_goes_the_way_of_evaluation()
    {
        using var data = new TinyData(train: 37, test: 11);
        var job = data.Job(epochs: 1);
        await using var group = await new WorkerGroup(1, threads: 1).ReadyAsync();
        await group.TrainAsync("job", job);
        var order = new InspectionOrder { Spec = job, Job = "job", Artifacts = group.Artifacts, Input = { 1, 28, 28 }, Classes = 10, State = new InspectedState() };

        using var image = new SKBitmap(53, 31);
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < image.Width; x++)
            {
                image.SetPixel(x, y, new SKColor((byte)(x * 4), (byte)(y * 8), 40)); // Another place, another colour.
            }
        }

        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        var photo = Ask(order, new GetFeatureMapsRequest { Layer = 0, Upload = ByteString.CopyFrom(png.ToArray()) }).FeatureMaps;
        Assert.True(photo.Resized);
        Assert.Equal(((28 + 4, 28 + 4), "", false), (SizeOf(photo.Input), photo.Image, photo.HasLabel));
        var (least, greatest) = (photo.Ranges[0].Least, photo.Ranges[0].Greatest);

        job.Data.Transforms = new Transforms { Test = { new Transform { Resize = new Resize { Size = { 28, 28 } } } } };
        var resized = Ask(order, new GetFeatureMapsRequest { Layer = 0, Upload = ByteString.CopyFrom(png.ToArray()) }).FeatureMaps;
        Assert.Equal((false, least, greatest), (resized.Resized, resized.Ranges[0].Least, resized.Ranges[0].Greatest));
        Assert.Equal((photo.Maps.Png, photo.Input.Png), (resized.Maps.Png, resized.Input.Png));
        using var seen = SKBitmap.Decode(photo.Input.Png.ToByteArray());
        Assert.True(seen.GetPixel(29, 2).Red > seen.GetPixel(2, 2).Red, "Brighter to the right, by the share of red.");
        Assert.True(seen.GetPixel(2, 29).Red > seen.GetPixel(29, 2).Red, "Brighter to the bottom, by the share of green, which is larger.");

        File.Delete(data.Files.TrainImages); // Whoever brings a picture needs no data.
        Assert.Equal(resized.Maps.Png, Ask(order, new GetFeatureMapsRequest { Layer = 0, Upload = ByteString.CopyFrom(png.ToArray()) }).FeatureMaps.Maps.Png);

        Refuses("upload", "the picture: is a text file; expected a PNG, JPEG, WebP or BMP image", order, new GetFeatureMapsRequest { Layer = 0, Upload = ByteString.CopyFromUtf8("hello") });
        Refuses("upload", "the picture: is empty; expected a PNG, JPEG, WebP or BMP image", order, new GetFeatureMapsRequest { Layer = 0, Upload = ByteString.Empty });
    }

    [Fact]
    public void A_job_whose_data_are_not_here_says_which_file_is_missing()
    {
        using var data = new TinyData(train: 11, test: 3);
        var order = new InspectionOrder { Spec = data.Job(), Job = "job", Artifacts = data.Folder };
        File.Delete(data.Files.TestImages);

        var refused = Inspector.Answer(With(order, new GetSamplesRequest()), Stores).Refused;

        Assert.Contains("test-images", refused.Message, StringComparison.Ordinal);
        Assert.Empty(refused.Field);
    }

    [Fact]
    public void Filters_are_kept_of_fewer_and_fewer_epochs() => Assert.Equal(
        "1,2,3,4,5,6,7,8,9,10,20,30,40,50,60,70,80,90,100,200,300,400,500,600,700,800,900,1000", string.Join(',', Enumerable.Range(0, 1100).Where(FilterRecord.IsKept)));

    private static Network Result(JobSpec job, WorkerGroup group)
    {
        var network = new Network(Zoo.LeNet(), CpuDevice.Create(threads: 1), new TrainingRecipe(new Kernels.Training.Sgd(0.1f)), new NetworkOptions(1, Training: false) { Kept = new HashSet<int> { 0 } });
        WarmStart.LoadTrained(network, Path.Combine(group.Artifacts, "job", ArtifactNames.Weights));
        DataSection.Load(JobFile.SectionJson(job.Data)).Evaluation.Read(5, network.Input);
        return network;
    }

    private static InspectionAnswer Ask(InspectionOrder order, IMessage request)
    {
        var answer = Inspector.Answer(With(order, request), Stores);
        Assert.Null(answer.Refused);
        return answer;
    }

    private static void Refuses(string field, string problem, InspectionOrder order, IMessage request)
    {
        var refused = Inspector.Answer(With(order, request), Stores).Refused;
        Assert.Equal((field, problem), (refused.Field, refused.Message));
    }

    private static InspectionOrder With(InspectionOrder order, IMessage request)
    {
        var asked = order.Clone();
        (asked.Filters, asked.FeatureMaps, asked.Samples) = (null, null, null);
        switch (request)
        {
            case GetFiltersRequest filters: asked.Filters = filters; break;
            case GetFeatureMapsRequest maps: asked.FeatureMaps = maps; break;
            case GetSamplesRequest samples: asked.Samples = samples; break;
        }

        return asked;
    }

    private static (int Width, int Height) SizeOf(PictureGrid sheet)
    {
        using var image = SKBitmap.Decode(sheet.Png.ToByteArray());
        return (image.Width, image.Height);
    }
}
