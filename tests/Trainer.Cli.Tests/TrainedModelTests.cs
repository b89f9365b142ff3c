using System.Buffers.Binary;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Protos;
using Flatten = Trainer.Kernels.Layers.Flatten;
using Linear = Trainer.Kernels.Layers.Linear;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Cli.Tests;

/// <summary>A model whose answers are known: class k is as likely as pixel k is bright. And images, labels, a job and a cluster that has trained it.</summary>
public abstract class TrainedModelTests : IAsyncLifetime
{
    private protected const int Classes = 3;
    private protected const float Steepness = 10;

    private FakeCluster _cluster = null!;

    private protected TemporaryFolder Home { get; } = new();

    private protected FakeApi Api { get; } = new();

    public async ValueTask InitializeAsync()
    {
        _cluster = await FakeCluster.StartAsync(Api, Home.Path);
        WriteImages("images", [0, 2, 1, 1, 0]);
        WriteLabels("labels", [0, 2, 1, 2, 0]); // the fourth is not what the picture shows
        WriteWeights();
        File.WriteAllText(Home["job.yaml"], Job("[flatten: {}, linear: {out_features: 3}]"));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Home.Dispose();
    }

    private protected Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.InAsync(Home.Path, arguments);

    private protected Job Succeeded()
    {
        var job = SampleJobs.Succeeded;
        job.Id = "lenet-3f2a";
        job.Spec = JobRules.WithDefaults(JobFile.Read(Home["job.yaml"]));
        (job.Result.WeightsPath, job.Result.WeightsSha256) = (Home["weights"], Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Home["weights"]))));
        return job;
    }

    private protected static string Job(string layers) => $$"""
        name: known
        model:
          layers: {{layers}}
        data:
          idx: {train_images: images, train_labels: labels, test_images: images, test_labels: labels}
        training:
          epochs: 1
          batch_size: 4
          optimizer:
            sgd: {lr: 0.1}
        """;

    /// <summary>A linear layer that multiplies each of <paramref name="inputs"/> pixels by <paramref name="factor"/>.</summary>
    private protected void WriteWeights(int inputs = Classes, float factor = Steepness, ArtifactFacts? facts = null)
    {
        var isPooled = inputs != Classes;
        var model = new Model(new Shape(1, 1, inputs), isPooled ? [new Flatten(), new Flatten(), new Linear(Classes)] : [new Flatten(), new Linear(Classes)]);
        var layout = ParameterLayout.Of(model);
        var weights = new float[layout.Elements];
        var slot = layout.Slots.Single(slot => slot.Shape.Rank == 2);
        for (var k = 0; k < inputs; k++)
        {
            weights[slot.Offset + (k * inputs) + k] = factor;
        }

        Safetensors.WriteWeights(Home["weights"], layout, weights, facts: facts);
    }

    /// <summary>Images of 1x3 pixels, of which one is white.</summary>
    private protected void WriteImages(string name, int[] white)
    {
        var file = new byte[16 + (Classes * white.Length)];
        BinaryPrimitives.WriteInt32BigEndian(file, 0x0803);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4), white.Length);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(8), 1);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(12), Classes);
        for (var i = 0; i < white.Length; i++)
        {
            file[16 + (Classes * i) + white[i]] = 255;
        }

        File.WriteAllBytes(Home[name], file);
    }

    private protected void WriteLabels(string name, byte[] labels)
    {
        var file = new byte[8 + labels.Length];
        BinaryPrimitives.WriteInt32BigEndian(file, 0x0801);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4), labels.Length);
        labels.CopyTo(file, 8);
        File.WriteAllBytes(Home[name], file);
    }
}
