namespace Trainer.Protos.Tests.JobFiles;

public sealed class JobOverrideTests : IDisposable
{
    private const string Job = """
        name: small
        model:
          layers:
            - conv2d: {out_channels: 4, kernel_size: [3, 5]}
            - relu: {}
        data:
          dataset: fashion-mnist
        training:
          epochs: 2
          batch_size: 64
          optimizer:
            sgd: {lr: 0.9}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("trainer-overrides-").FullName;

    private string File => Path.Combine(_folder, "job.yaml");

    public JobOverrideTests() => System.IO.File.WriteAllText(File, Job);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Values_stand_in_place_of_the_files_and_sections_are_made()
    {
        var spec = JobFile.Open(
            File,
            [
                "training.optimizer.sgd.lr=0.01", "training.epochs=7", "cluster.max_workers=3", "model.layers[0].conv2d.out_channels=8",
                "model.layers[0].conv2d.kernel_size[1]=7", "training.schedule={cosine: {}, warmup: {steps: 5}}", "training.optimizer.sgd.momentum = 0.5",
            ]).Spec;

        Assert.Equal(0.01, spec.Training.Optimizer.Sgd.Lr);
        Assert.Equal(0.5, spec.Training.Optimizer.Sgd.Momentum);
        Assert.Equal(7u, spec.Training.Epochs);
        Assert.Equal(3u, spec.Cluster.MaxWorkers);
        Assert.Equal(8u, spec.Model.Layers[0].Conv2D.OutChannels);
        Assert.Equal([3u, 7u], spec.Model.Layers[0].Conv2D.KernelSize);
        Assert.Equal(5u, spec.Training.Schedule.Warmup.Steps);
        Assert.Equal(Schedule.KindOneofCase.Cosine, spec.Training.Schedule.KindCase);
    }

    [Theory]
    [InlineData("training.epochs=-1", "--set training.epochs=-1: training.epochs: must be at least 1, got -1")]
    [InlineData("training.epoch=1", "--set training.epoch=1: training.epoch: unknown field, did you mean 'epochs'?")]
    [InlineData("training.epochs", "--set training.epochs: expected PATH=VALUE, such as training.epochs=3")]
    [InlineData("training..epochs=1", "--set training..epochs=1: 'training..epochs' is no path of a field; expected one like training.optimizer.sgd.lr or model.layers[3].dropout.p")]
    [InlineData("training.epochs=", "--set training.epochs=: training.epochs: has no value; give one or remove the line")]
    [InlineData("training.epochs={", "--set training.epochs={: not YAML: ")]
    [InlineData("model.layers[9].relu={}", "--set model.layers[9].relu={}: model.layers: has no item [9]: it has 2")]
    [InlineData("training.epochs.x=1", "--set training.epochs.x=1: training.epochs: has no field x: it is '2'")]
    [InlineData("training.optimizer.adam.lr=1", "--set training.optimizer.adam.lr=1: training.optimizer.adam: cannot stand beside sgd: only one of sgd,")]
    public void What_is_wrong_with_them_names_the_option(string given, string expected)
    {
        var error = Assert.Throws<JobFileException>(() => JobFile.Open(File, [given]));

        Assert.StartsWith(expected, error.Faults[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_that_others_find_have_their_place_in_the_file()
    {
        var document = JobFile.Open(File, ["training.shards=3"]);

        Assert.Equal($"{File}:4:7: model.layers[0].conv2d: too large", document.Fault("model.layers[0].conv2d", "too large").ToString());
        Assert.Equal($"{File}:6:1: data.idx.train_images: not there", document.Fault("data.idx.train_images", "not there").ToString());
        Assert.Equal("--set training.shards=3: training.shards: too many", document.Fault("training.shards", "too many").ToString());
    }
}
