using System.Collections.Concurrent;
using Trainer.Coordinator.Store;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Training.Planning;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>Models of jobs as people look at them. A job's model never changes: what was described stays, for some of them.</summary>
public sealed class JobModels(IJobStore store, DataCatalog catalog, CheckThreads threads)
{
    private const int MostRemembered = 64;

    private readonly ConcurrentDictionary<(string Id, DateTimeOffset Created), ModelDescription> _known = new();

    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND; FAILED_PRECONDITION: the data are gone; UNAVAILABLE: the store.</exception>
    public async Task<ModelDescription> DescribeAsync(string id, CancellationToken stop)
    {
        // A job that was deleted is none any more, and another one may have its id since.
        var job = await store.FindAsync(id) ?? throw ApiErrors.NotFound(id);
        var key = (id, job.Created);
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        var description = await threads.RunAsync(() => Describe(job), stop);
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        return _known[key] = description;
    }

    private ModelDescription Describe(JobRow job)
    {
        try
        {
            return ToMessage(ModelSummary.Of(JobValidator.Build(job.Spec.Model, catalog.Inspect(job.Spec.Data))));
        }
        catch (Exception gone) when (gone is DataFileException or ModelException)
        {
            throw ApiErrors.NotDescribable(gone);
        }
    }

    private static ModelDescription ToMessage(ModelSummary model) => new()
    {
        Input = { Sizes(model.Input) },
        Parameters = (ulong)model.Parameters,
        MultiplyAdds = (ulong)model.MultiplyAdds,
        ActivationBytes = (ulong)model.ActivationBytes,
        TrainingBytes = (ulong)model.TrainingBytes,
        EvaluationBytes = (ulong)model.EvaluationBytes,
        Layers = { model.Layers.Select(ToMessage) },
    };

    private static LayerDescription ToMessage(LayerSummary layer)
    {
        var field = layer.ReceptiveField;
        return new LayerDescription
        {
            Name = layer.Name,
            Kind = layer.Kind,
            Output = { Sizes(layer.Output) },
            Parameters = (ulong)layer.Parameters,
            MultiplyAdds = (ulong)layer.MultiplyAdds,
            ActivationBytes = (ulong)layer.ActivationBytes,
            ReceptiveField = { (uint)field.Height, (uint)field.Width },
            ReceptiveStart = { (int)field.Top, (int)field.Left },
            ReceptiveStride = { (uint)field.StrideHeight, (uint)field.StrideWidth },
            Inputs = { layer.Inputs },
        };
    }

    private static IEnumerable<uint> Sizes(Shape shape) => shape.Dimensions.ToArray().Select(dimension => (uint)dimension);
}
