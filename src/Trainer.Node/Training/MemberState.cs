using System.Buffers.Binary;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>A member's state of a job, a function of (job, item) alone: weights, optimizer state, sums of the epoch; and the memory around it.</summary>
public sealed class MemberState : IDisposable
{
    /// <summary>The fewest test images that are evaluated together, however small the training batches are.</summary>
    private const int LeastSamples = 64;

    private MemberState(JobParameters parameters, DataPipeline data, Network network, TrainingRecipe recipe, AllReducePlan plan, int rank)
    {
        (Parameters, Data, Network, Recipe, Plan, Rank) = (parameters, data, network, recipe, plan, rank);
        Schedule = new Schedule(data.Train.Count, data.Test.Count, parameters.BatchSize, parameters.Epochs);
        Buffers = new GradientBuffers(
            [.. Enumerable.Range(0, plan.Roots[rank].Count).Select(root => new NativeView(network.Gradient(root)).Memory)],
            new NativeView(network.Total).Memory);
    }

    public JobParameters Parameters { get; }

    public DataPipeline Data { get; }

    public Network Network { get; }

    public TrainingRecipe Recipe { get; }

    public AllReducePlan Plan { get; }

    public int Rank { get; }

    public Schedule Schedule { get; }

    /// <summary>What a start from a file did not take; null without one.</summary>
    public WarmStartRest? WarmStartRest { get; private init; }

    /// <summary>Where the all-reduce finds the gradients and puts the totals.</summary>
    public GradientBuffers Buffers { get; }

    /// <summary>Loads the data, lays the network out and initialises it: the state after item 0.</summary>
    public static MemberState Create(JobSpec spec, Assignment assignment, int rank, Device device)
    {
        var (train, test) = DataSection.Load(JobFile.SectionJson(spec.Data));
        var model = JobParameters.BuildModel(spec.Model, train.Shape, train.Labels.Or(test.Labels).Classes(spec.Training.IgnoredLabel));
        var parameters = JobParameters.Of(spec, model);
        var stepsPerEpoch = ((train.Count - 1) / parameters.BatchSize) + 1;
        var roots = AllReducePlan.RootsOf(assignment.Members[rank]);
        var recipe = TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training));
        var slices = LocalSlices(parameters, train.Count, roots);
        var samples = Math.Max(LeastSamples, slices.Max(slice => slice.LocalSamples));
        var options = new NetworkOptions(samples, Math.Max(1, roots.Count), MaxGroups: parameters.Shards);
        var network = new Network(model, device, recipe, NetworkFit.Of(model, device, recipe, options, slices))
        {
            StepsPerEpoch = stepsPerEpoch,
        };
        try
        {
            network.Initialize(parameters.Seed);
            var rest = spec.Training.Init is { } init ? WarmStart.Load(network, init.Weights, init.Strict) : null;

            var plan = AllReducePlan.Of(assignment, network.Layout.Elements);
            var data = new DataPipeline(train, test, parameters.Seed, parameters.Shuffle);
            return new MemberState(parameters, data, network, recipe, plan, rank) { WarmStartRest = rest };
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Of all of the state, the closed epochs' results included: what members compare.</summary>
    public byte[] Hash()
    {
        var hash = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(hash, Network.State.Hash);
        return hash;
    }

    public void Dispose() => Network.Dispose();

    /// <summary>What this member computes of a full batch, and of the last one of an epoch: a short batch may cut the shards so that it gets more.</summary>
    private static IReadOnlyList<BatchSlice> LocalSlices(JobParameters job, int trainSamples, IReadOnlyList<Kernels.Sharding.ShardRange> roots)
    {
        int[] sizes = [Math.Min(job.BatchSize, trainSamples), ((trainSamples - 1) % job.BatchSize) + 1];
        return [.. sizes.Select(size => new BatchSlice(size, job.Shards, roots, job.GroupShards))];
    }
}
