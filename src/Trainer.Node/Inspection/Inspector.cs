using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Inspection;

/// <summary>Answers one order to look into a job: filters, feature maps, samples. In a process of its own, which has limits and ends behind the answer.</summary>
public static class Inspector
{
    /// <returns>The answer, or why there is none.</returns>
    public static InspectionAnswer Answer(InspectionOrder order, ArtifactStores stores)
    {
        try
        {
            using var data = new InspectedData(order);
            return order.LookCase switch
            {
                InspectionOrder.LookOneofCase.Filters => new InspectionAnswer { Filters = FilterView.Of(order, stores) },
                InspectionOrder.LookOneofCase.FeatureMaps => new InspectionAnswer { FeatureMaps = FeatureMapView.Of(order, stores, data) },
                InspectionOrder.LookOneofCase.Samples => new InspectionAnswer { Samples = SampleView.Of(order, data) },
                _ => throw new ArgumentException($"The order asks for {order.LookCase}.", nameof(order)),
            };
        }
        catch (InspectionException refused)
        {
            return Refused(refused.Message, refused.Field);
        }
        catch (Exception wrong) when (wrong is DataFileException or ModelException or IOException or UnauthorizedAccessException)
        {
            return Refused(wrong.Message, "");
        }
    }

    private static InspectionAnswer Refused(string message, string field) => new() { Refused = new InspectionRefused { Message = message, Field = field } };
}

/// <summary>A request that asks for what a job does not have.</summary>
/// <param name="field">Of the request.</param>
internal sealed class InspectionException(string field, string problem) : Exception(problem)
{
    public string Field { get; } = field;
}
