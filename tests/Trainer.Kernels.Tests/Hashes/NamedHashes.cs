using System.Text.Json;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Hashes;

/// <summary>What trainings come to whose hashes docs or tests name: <c>tests/hashes</c> computes them and writes <c>tests/hashes.json</c>, the one place where they are changed.</summary>
/// <param name="Arithmetic">Its id: a hash of exact training changes with it, and never otherwise.</param>
/// <param name="GoldenStep">Of <see cref="Kernels.Training.GoldenStep"/>, with which a node begins.</param>
/// <param name="LenetSteps">Of LeNet's weights after three steps, the second one of a short batch.</param>
/// <param name="Quickstart">Of the job of <c>./quickstart</c>.</param>
/// <param name="Zoo">Of <see cref="ZooHashes"/>, by network.</param>
internal sealed record NamedHashes(string Arithmetic, string GoldenStep, string LenetSteps, NamedHashes.OfQuickstart Quickstart, IReadOnlyDictionary<string, string> Zoo)
{
    public const int LenetSamples = 131;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static NamedHashes Compute(Device device) => new(
        Numerics.Id, $"{Kernels.Training.GoldenStep.Compute(device):x16}", $"{StepLenet(device):x16}", TrainQuickstart(device),
        Kernels.Models.Zoo.Names.ToDictionary(name => name, name => ZooHashes.Of(name, device), StringComparer.Ordinal));

    public static NamedHashes Parse(string json) => JsonSerializer.Deserialize<NamedHashes>(json, Json)!;

    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    public static ulong StepLenet(Device device)
    {
        using var network = new Network(Kernels.Models.Zoo.LeNet(), device, new Sgd(0.9f), new NetworkOptions(LenetSamples));
        network.Initialize(seed: 0);
        var cluster = new ClusterOfOne(network);
        for (var step = 1u; step <= 3; step++)
        {
            var samples = step == 2 ? 97 : LenetSamples;
            Philox.FillUniform(network.Input[..(samples * (int)network.Model.Input.Elements)], bound: 1, seed: 7, stream: step, RandomPurpose.InitialWeights);
            for (var i = 0; i < samples; i++)
            {
                network.Labels[i] = (int)((i * 7) + step) % network.Model.Classes;
            }

            cluster.Run(BatchSlice.Whole(samples, shards: 16), step);
            network.Apply();
            network.States.Flip();
        }

        return network.State.WeightsHash;
    }

    /// <summary>As examples/lenet-fashion-mnist.yaml says.</summary>
    public static OfQuickstart TrainQuickstart(Device device)
    {
        var (train, test) = KnownDataSet.FashionMnist.Load();
        var shown = "";
        using var trainer = new LocalTrainer(Kernels.Models.Zoo.LeNet(), device, new Sgd(LearningRate: 0.9f), batchSize: 256, seed: 0);
        trainer.Stepped = step => shown = step.Step == OfQuickstart.ShownStep ? $"{trainer.Network.State.Hash:x16}" : shown;
        for (var epoch = 1; epoch <= 10; epoch++)
        {
            trainer.TrainEpoch(train);
        }

        var file = Path.GetTempFileName();
        try
        {
            return new OfQuickstart(DataSet.Fingerprint(train, test), shown, trainer.Save(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <param name="Data">Fingerprint of its images and labels.</param>
    /// <param name="State">After step 37: a line of the record that docs/exactness.md shows.</param>
    /// <param name="Weights">SHA-256 of its model file.</param>
    internal sealed record OfQuickstart(string Data, string State, string Weights)
    {
        public const int ShownStep = 37;
    }
}
