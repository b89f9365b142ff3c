using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Inspection;
using Trainer.Kernels.Training.Planning;
using Trainer.Node.States;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Inspection;

/// <summary>The filters of a convolution.</summary>
internal static class FilterView
{
    private const int MostFilters = 64;
    private const int MostChannels = 64;
    private const int Columns = 16;

    public static GetFiltersResponse Of(InspectionOrder order, ArtifactStores stores)
    {
        var (request, job) = (order.Filters, stores.Open($"{order.Artifacts}/{order.Job}"));
        var model = InspectedNetwork.ModelOf(order);
        var (place, layer) = LayerOf(request, model);
        var (shape, weights) = request.Epoch > 0 ? Recorded(request, job) : Current(order, stores, model, $"{layer.Name}.weight");
        var pictures = LayerPictures.OfFilters(weights, shape, MostFilters, MostChannels);
        var filters = Math.Min(MostFilters, shape[0]);
        return new GetFiltersResponse
        {
            Sheet = Sheets.Of(pictures, pictures.Count == filters ? Columns : pictures.Count / filters),
            Layer = (uint)place,
            Name = layer.Name,
            Shape = { Sheets.Sizes(shape) },
            Filters = (uint)filters,
            Channels = (uint)(shape[1] == 3 ? 3 : pictures.Count / filters),
            Step = request.Epoch > 0 ? 0 : order.State.Step,
            Epochs = { FilterRecord.Epochs(job).Select(epoch => (uint)epoch) },
        };
    }

    private static (Shape Shape, float[] Weights) Current(InspectionOrder order, ArtifactStores stores, Model model, string name)
    {
        using var opened = InspectedNetwork.Open(order, model, stores);
        var slot = opened.Network.Layout.Slots.Single(slot => slot.Name == name);
        return (slot.Shape, opened.Network.State.ResultWeights.Slice(slot.Offset, slot.Elements).ToArray());
    }

    private static (Shape Shape, float[] Weights) Recorded(GetFiltersRequest request, IArtifactStore job) => request.HasLayer
        ? throw new InspectionException("layer", "goes without epoch: of the epochs only the first convolution's filters are kept")
        : FilterRecord.Read(job, (int)request.Epoch) ?? throw new InspectionException(
            "epoch", FilterRecord.Epochs(job) is { Count: > 0 } epochs ? $"must be one whose filters are kept: {string.Join(", ", epochs)}; got {request.Epoch}" : "is given, and the job has kept filters of no epoch");

    private static (int Place, LayerSummary Layer) LayerOf(GetFiltersRequest request, Model model)
    {
        List<(int Place, LayerSummary Layer)> convolutions = [.. ModelSummary.Of(model).Layers.Select((layer, place) => (place, layer)).Where(one => one.layer.Kind == "conv2d")];
        return convolutions.Count == 0 ? throw new InspectionException("", "The job's model has no convolution, and so no filters.")
            : !request.HasLayer ? convolutions[0]
            : convolutions.Find(one => one.Place == request.Layer) is { Layer: not null } found ? found
            : throw new InspectionException("layer", $"must be one of the model's convolutions, which are layers {string.Join(", ", convolutions.Select(one => one.Place))}; got {request.Layer}");
    }
}
