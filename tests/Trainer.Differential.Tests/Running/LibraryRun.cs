using Trainer.Differential.Tests.Generation;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Randomness;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;

namespace Trainer.Differential.Tests.Running;

/// <summary>Trains a case through the library.</summary>
internal static class LibraryRun
{
    /// <summary>So many batches have been seen by the running statistics of a file of first weights.</summary>
    private const int BatchesBefore = 3;

    /// <summary>On one worker, as a user of the library does; leaves the first weights in the folder.</summary>
    public static (Trained Trained, float[] Weights) Train(Case tried, string folder, Device device)
    {
        var job = LoadedJob.Read(folder);
        using var trainer = new LocalTrainer(job.Model, device, job.Recipe, job.BatchSize, job.Training.Seed, job.Shards, job.BatchNormShards);
        SaveInitial(tried, trainer.Network, folder);
        if (job.Training.Init is { } init)
        {
            WarmStart.Load(trainer.Network, init.Weights, init.Strict);
        }

        var epochs = new List<(Measured, Measured)>();
        for (var epoch = 0; epoch < job.Training.Epochs; epoch++)
        {
            var (train, test) = trainer.TrainEpoch(job.Train, job.Evaluation, job.Shuffle);
            epochs.Add((Of(train), Of(test)));
        }

        var path = Path.Combine(folder, "trained.safetensors");
        trainer.Save(path);
        var tensors = Safetensors.Read(path).ToDictionary(
            tensor => tensor.Key, tensor => Array.ConvertAll(tensor.Value.Values, value => (double)value), StringComparer.Ordinal);
        return (new Trained(epochs, tensors), Values(trainer.Network));
    }

    /// <summary>The same steps, their shards cut among several workers, one after another on the same device: the state at the end.</summary>
    public static float[] TrainSharded(Case tried, string folder, Device device)
    {
        var job = LoadedJob.Read(folder);
        var options = new NetworkOptions(job.BatchSize, MaxRoots: job.Shards, MaxGroups: job.Shards);
        using var network = new Network(job.Model, device, job.Recipe, options) { StepsPerEpoch = job.StepsPerEpoch };
        network.Initialize(job.Training.Seed);
        if (job.Training.Init is { } init)
        {
            WarmStart.Load(network, init.Weights, init.Strict);
        }

        var (order, step) = (new int[job.Train.Count], 0UL);
        for (var epoch = 1; epoch <= job.Training.Epochs; epoch++)
        {
            EpochOrder.Fill(order, job.Training.Seed, epoch, job.Shuffle);
            for (var first = 0; first < order.Length; first += job.BatchSize)
            {
                Step(tried, job, network, order.AsSpan(first, Math.Min(job.BatchSize, order.Length - first)), ++step);
            }

            network.States.CloseEpoch(Evaluate(job, network));
            network.States.Flip();
        }

        return Values(network);
    }

    private static Measured Of(EpochResult result) => new(result.Loss, result.Accuracy);

    private static void Step(Case tried, LoadedJob job, Network network, ReadOnlySpan<int> samples, ulong step)
    {
        var (ranges, roots, sums) = (new List<ShardRange>(), new List<Memory<float>>(), default(PassSums));
        var group = job.BatchNormShards ?? job.Model.GroupShards(job.BatchSize, job.Shards);
        var unit = job.Model.UnitShards(job.Shards, group);
        var units = ((job.Shards - 1) / unit) + 1;
        for (var worker = 0; worker < tried.Workers; worker++)
        {
            var (lo, hi) = (Math.Min(worker * units / tried.Workers * unit, job.Shards), Math.Min((worker + 1) * units / tried.Workers * unit, job.Shards));
            if (lo < hi)
            {
                var slice = new BatchSlice(samples.Length, job.Shards, ShardTree.Cover(lo, hi, job.Shards), group);
                Load(job.Train, network, slice, samples);
                network.ForwardBackward(slice, step);
                sums = sums.With(network.Results);
                ranges.AddRange(slice.Roots);
                roots.AddRange(slice.Roots.Select((_, root) => network.Gradient(root).ToArray().AsMemory()));
            }
        }

        Assert.True(GradientTree.Fold([.. roots], [.. ranges], job.Shards, samples.Length, network.Total), "a total that is not finite");
        network.Apply(sums);
        network.States.Flip();
    }

    private static PassSums Evaluate(LoadedJob job, Network network)
    {
        var sums = default(PassSums);
        for (var first = 0; first < job.Evaluation.Count; first += job.BatchSize)
        {
            var samples = Enumerable.Range(first, Math.Min(job.BatchSize, job.Evaluation.Count - first)).ToArray();
            Load(job.Evaluation, network, BatchSlice.Whole(samples.Length, 1), samples);
            network.Evaluate(samples.Length);
            sums = sums.With(network.Results);
        }

        return sums;
    }

    private static void Load(DataSet data, Network network, BatchSlice slice, ReadOnlySpan<int> samples)
    {
        var (stride, local) = ((int)data.Shape.Elements, 0);
        foreach (var position in slice.Positions())
        {
            network.Labels[local] = data.Read(samples[position], network.Input.Slice(local * stride, stride));
            local++;
        }
    }

    /// <summary>First weights as the initialisers draw them; where the case says so, weights and statistics that start as 0 or 1 are moved a little.</summary>
    private static void SaveInitial(Case tried, Network network, string folder)
    {
        var weights = network.Weights.ToArray();
        foreach (var slot in network.Layout.Slots.Where(slot => tried.Perturbs && slot.Kind != SlotKind.LossWeight))
        {
            var moves = new float[slot.Elements];
            Philox.FillUniform(moves, 0.25f, (ulong)tried.Seed, (uint)slot.Offset, RandomPurpose.InitialWeights);
            for (var i = 0; i < moves.Length; i++)
            {
                weights[slot.Offset + i] += moves[i];
            }
        }

        WeightsFile.Write(
            Path.Combine(folder, Case.InitialWeights),
            [.. network.Layout.StateDict.Select(entry =>
                (entry.Name, entry.Slot?.Shape.Dimensions.ToArray() ?? [], entry.Slot is { } slot ? weights[slot.Offset..(slot.Offset + slot.Elements)] : null))],
            tried.Perturbs ? BatchesBefore : 0);
    }

    /// <summary>All that is kept, by itself: without the padding and the sums of a step.</summary>
    private static float[] Values(Network network)
    {
        var weights = network.Weights.ToArray();
        return [.. network.Layout.StateDict.Where(entry => entry.Slot is not null).SelectMany(entry => weights.AsSpan(entry.Slot!.Offset, entry.Slot.Elements).ToArray())];
    }
}
