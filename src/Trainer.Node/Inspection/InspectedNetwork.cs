using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Node.Training;
using Trainer.Protos.Cluster;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Inspection;

/// <summary>A job's network with the weights that an order names, on one thread, for one image at a time.</summary>
internal sealed class InspectedNetwork : IDisposable
{
    private readonly Device _device;

    private InspectedNetwork(Device device, Network network, TrainingRecipe recipe) => (_device, Network, Recipe) = (device, network, recipe);

    public Network Network { get; }

    public TrainingRecipe Recipe { get; }

    public static Model ModelOf(InspectionOrder order) => JobParameters.BuildModel(order.Spec.Model, new Shape([.. order.Input.Select(size => (int)size)]), (int)order.Classes);

    /// <param name="kept">As <see cref="NetworkOptions.Kept"/>.</param>
    /// <exception cref="Kernels.Data.DataFileException">The weights cannot be read, or are of another model.</exception>
    public static InspectedNetwork Open(InspectionOrder order, Model model, ArtifactStores stores, params int[] kept)
    {
        var recipe = BrokenSamples.RecipeOf(order.Spec) with { ParameterGroups = [] };
        var device = CpuDevice.Create(threads: 1);
        try
        {
            var network = new Network(model, device, recipe, new NetworkOptions(1, Training: false) { Kept = kept.ToHashSet() });
            try
            {
                TakeWeights(order, stores.Open($"{order.Artifacts}/{order.Job}"), network);
                return new InspectedNetwork(device, network, recipe);
            }
            catch
            {
                network.Dispose();
                throw;
            }
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Network.Dispose();
        _device.Dispose();
    }

    private static void TakeWeights(InspectionOrder order, IArtifactStore job, Network network)
    {
        if (order.State.Hash.Length > 0)
        {
            CheckpointFiles.TakeWeights(job, order.State.Hash, network);
            return;
        }

        if (!ArtifactLocation.IsBucket(job.Location))
        {
            WarmStart.LoadTrained(network, job.LocationOf(ArtifactNames.Weights));
            return;
        }

        var file = Path.GetTempFileName(); // What reads tensors wants one.
        try
        {
            using (var from = job.Open(ArtifactNames.Weights) ?? throw new IOException($"{job.LocationOf(ArtifactNames.Weights)} is not there."))
            using (var to = File.Create(file))
            {
                from.Stream.CopyTo(to);
            }

            WarmStart.LoadTrained(network, file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
