using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;
using Trainer.Node.States;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>What a member needs for its part in one generation: a network for its share of the batch, and who owns which chunk of the gradient. The states that it trains stay when it goes.</summary>
internal sealed class Workspace : IDisposable
{
    /// <summary>The fewest test images that are evaluated together, however small the training batches are.</summary>
    private const int LeastSamples = 64;

    private readonly MemoryHashed? _hashed;

    private Workspace(TrainingJob job, Network network, AllReducePlan plan, int rank, MemoryHashed? hashed)
    {
        (Job, Network, Plan, Rank, _hashed) = (job, network, plan, rank, hashed);
        Buffers = new GradientBuffers(
            [.. Enumerable.Range(0, plan.Roots[rank].Count).Select(root => new NativeView(network.Gradient(root)).Memory)],
            new NativeView(network.Total).Memory);
        Hashes = new PayloadHashes(plan, Buffers, hashed);
    }

    public TrainingJob Job { get; }

    public Network Network { get; }

    public AllReducePlan Plan { get; }

    public int Rank { get; }

    /// <summary>Where the all-reduce finds the gradients and puts the totals.</summary>
    public GradientBuffers Buffers { get; }

    /// <summary>What they are to be.</summary>
    public PayloadHashes Hashes { get; }

    /// <param name="hashed">Null: nobody changes memory.</param>
    /// <exception cref="DeviceMemoryException">The share does not fit the device.</exception>
    public static Workspace Create(TrainingJob job, Assignment assignment, int rank, MemoryHashed? hashed = null)
    {
        var roots = AllReducePlan.RootsOf(assignment.Members[rank]);
        var slices = LocalSlices(job, roots);
        var options = new NetworkOptions(
            Math.Max(LeastSamples, slices.Max(slice => slice.LocalSamples)), Math.Max(1, roots.Count), MaxGroups: job.Parameters.Shards);
        var fit = NetworkFit.Of(job.Model, job.Device, job.Recipe, options, slices, job.States);
        var network = new Network(job.Model, job.Device, job.Recipe, fit, job.States)
        {
            StepsPerEpoch = job.Schedule.StepsPerEpoch,
            Seed = job.Parameters.Seed,
        };
        try
        {
            return new Workspace(job, network, AllReducePlan.Of(assignment, network.Layout.Elements), rank, hashed);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Makes the state after item 0. Returns what a start from a file did not take; null without one.</summary>
    /// <param name="source">Of the job with whose weights it begins, where it begins with another's.</param>
    public WarmStartRest? Initialize(Func<IArtifactStore> source)
    {
        Network.Initialize(Job.Parameters.Seed);
        if (Job.Spec.Training.Init?.From is { } from)
        {
            CheckpointFiles.TakeWeights(source(), from.Hash, Network);
        }

        return Job.Spec.Training.Init is { Weights.Length: > 0 } init ? WarmStart.Load(Network, init.Weights, init.Strict, WeightSelection.FromJson(JobFile.SectionJson(init))) : null;
    }

    /// <summary>A state has become the current one.</summary>
    public void MadeState()
    {
        if (_hashed is not null)
        {
            _hashed(HashedMemory.Weights, new NativeView(Job.States.Current.Weights).GetSpan());
            _hashed(HashedMemory.OptimizerState, new NativeView(Job.States.Current.OptimizerState).GetSpan());
            if (Job.States.Current.UsesAverage)
            {
                _hashed(HashedMemory.Average, new NativeView(Job.States.Current.ResultWeights).GetSpan());
            }
        }
    }

    public void Dispose() => Network.Dispose();

    /// <summary>What this member computes of a full batch, and of the last one of an epoch: a short batch may cut the shards so that it gets more.</summary>
    private static IReadOnlyList<BatchSlice> LocalSlices(TrainingJob job, IReadOnlyList<ShardRange> roots)
    {
        var (parameters, samples) = (job.Parameters, job.Schedule.EpochSamples);
        int[] sizes = [Math.Min(parameters.BatchSize, samples), ((samples - 1) % parameters.BatchSize) + 1];
        return [.. sizes.Select(size => new BatchSlice(size, parameters.Shards, roots, parameters.GroupShards))];
    }
}
