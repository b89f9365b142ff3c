using System.Reflection;
using Trainer.Cli.Tests.Documentation;
using Trainer.Cluster.Tests.Jobs;
using Trainer.Cluster.Tests.Processes;
using Trainer.Hosting.Run;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Cluster.Tests.Clients;

/// <summary>The program in docs/library.md that trains on a cluster, as it stands there.</summary>
[Collection("processes")]
[Trait("Category", "Long")]
public sealed class LibraryTests
{
    [Fact]
    public async Task The_program_of_the_docs_comes_to_the_bits_of_a_local_trainer()
    {
        await using var cluster = await LocalCluster.UpAsync(workers: 2, threads: 1);
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Home, "program")).FullName;
        TinyImages.Write(folder, train: 211, test: 53, seed: 20261123);
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/library.md"), TestContext.Current.CancellationToken);
        var snippet = page.Split("```csharp\n").Select(part => part.Split("```")[0]).Single(text => text.Contains("TrainerClient.Connect", StringComparison.Ordinal));
        Assert.Empty(await SnippetCompiler.CompileAsync(snippet, folder));

        var run = RunFolder.TryOpen(Path.Combine(cluster.Home, "run"))!;
        Environment.SetEnvironmentVariable("TRAINER_TOKEN", run.Token);
        var program = Assembly.LoadFrom(Path.Combine(folder, SnippetCompiler.Program)).EntryPoint!;
        await Task.Run(() => program.Invoke(null, [new[] { run.Endpoints().First(endpoint => endpoint.Grpc is not null).Grpc!, folder }]), TestContext.Current.CancellationToken);

        using var device = CpuDevice.Create(threads: 1);
        using var local = new LocalTrainer(Zoo.LeNet(), device, new TrainingRecipe(new Sgd(LearningRate: 0.5, Momentum: 0.9)) { Epochs = 2 }, batchSize: 64, seed: 7);
        using var fetched = new LocalTrainer(Zoo.LeNet(), device, new Sgd(LearningRate: 0.5), batchSize: 64);
        fetched.Load(Path.Combine(folder, "lenet.safetensors"));
        var data = DataSet.FromIdx(Path.Combine(folder, "train-images"), Path.Combine(folder, "train-labels"));
        local.TrainEpoch(data);
        Assert.False(local.Network.Weights.SequenceEqual(fetched.Network.Weights));
        local.TrainEpoch(data);
        Assert.True(local.Network.Weights.SequenceEqual(fetched.Network.Weights));
    }
}
