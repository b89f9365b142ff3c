using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Training;

/// <summary>
/// One step and one evaluation of a job's model on few black images, on a device of one thread of its own, while the job's data is read: what the first step needs is compiled by then. Nothing
/// that it computes is kept, and it says nothing of faults, which the job itself meets where it can tell of them.
/// </summary>
internal sealed class Rehearsal : IDisposable
{
    private const int SamplesPerShard = 2;

    /// <summary>Of larger models and images compiling is a small part of the first step, and a rehearsal takes memory that matters.</summary>
    private const long MostParameters = 2_000_000;
    private const int MostPixels = 16_384;

    private readonly Thread? _thread;

    private Rehearsal(Thread? thread) => _thread = thread;

    /// <param name="build">Makes the job's model; called by the thread that rehearses.</param>
    public static Rehearsal Start(Device device, JobSpec spec, TrainingRecipe recipe, Func<Model> build)
    {
        if (device is not CpuDevice)
        {
            return new Rehearsal(null);
        }

        var thread = new Thread(() => Try(spec, recipe, build)) { IsBackground = true, Name = "rehearsal" };
        thread.Start();
        return new Rehearsal(thread);
    }

    /// <summary>Whether a model is rehearsed: it is small.</summary>
    internal static bool IsWorthwhile(Model model, JobParameters parameters) =>
        parameters.Shards <= ShardTree.DefaultMaxShards && model.Input.Elements <= MostPixels && ParameterLayout.Of(model).Elements <= MostParameters;

    /// <summary>Waits until it is over.</summary>
    public void Dispose() => _thread?.Join();

    /// <summary>The state's hash after the step.</summary>
    internal static ulong Run(Model model, TrainingRecipe recipe, JobParameters parameters)
    {
        using var device = CpuDevice.Create(threads: 1);
        var slice = BatchSlice.Whole(Math.Min(parameters.BatchSize, parameters.Shards * SamplesPerShard), parameters.Shards, parameters.GroupShards);
        using var network = new Network(model, device, recipe, new NetworkOptions(slice.Samples, MaxGroups: parameters.Shards));
        network.Initialize(seed: 0);
        new ClusterOfOne(network).Run(slice, step: 1);
        network.Apply(default(PassSums).With(network.Results));
        network.States.Flip();
        network.Evaluate(slice.Samples);
        return network.State.Hash;
    }

    private static void Try(JobSpec spec, TrainingRecipe recipe, Func<Model> build)
    {
        try
        {
            var model = build();
            var parameters = JobParameters.Of(spec, model, recipe);
            if (IsWorthwhile(model, parameters))
            {
                Run(model, recipe, parameters);
            }
        }
        catch (Exception)
        {
            // The job's own step tells of it, if it is more than that this took too much.
        }
    }
}
