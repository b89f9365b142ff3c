using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;
using Trainer.Node.Reduction;
using Kind = Trainer.Protos.Cluster.Failure.Types.Kind;
using Failure = Trainer.Protos.Cluster.Failure;

namespace Trainer.Node.Training;

/// <summary>What a driver's exceptions mean to the job: whose fault they are is told by their kind.</summary>
internal static class Failures
{
    /// <param name="segment">That was running; null: none.</param>
    /// <param name="network">To look for what is not finite.</param>
    public static Failure Of(Exception e, Segment? segment, Network? network)
    {
        var kind = KindOf(e);
        var text = kind switch
        {
            Kind.NotFinite when network is not null => Divergence.Describe(e.Message, network),
            Kind.Exception when e is not StepFailedException => $"{e.GetType().Name}: {e.Message}",
            _ => e.Message,
        };
        return new Failure { Step = segment?.Item.TrainingStep ?? 0, Item = segment?.Item.Index ?? 0, Kind = kind, Message = (kind == Kind.OtherHash ? "" : Place(segment)) + text };
    }

    private static Kind KindOf(Exception e) => e switch
    {
        StepFailedException { IsNotFinite: true } => Kind.NotFinite,
        CorruptStateException => Kind.Corruption,
        OtherHashException => Kind.OtherHash,
        OtherDataException => Kind.OtherData,
        RecordLostException => Kind.Record,
        StateUnavailableException => Kind.State,
        DataFileException or ModelException or NotSupportedException => Kind.Data,
        DeviceMemoryException or OutOfMemoryException => Kind.Memory,
        IOException or UnauthorizedAccessException => Kind.Io,
        _ => Kind.Exception,
    };

    /// <summary>What the step's number, which the report carries, does not say.</summary>
    private static string Place(Segment? segment) => segment?.Item switch
    {
        { Kind: ItemKind.CloseEpoch } item => $"evaluation of epoch {item.Epoch}: ",
        { Kind: ItemKind.Estimate } item => $"running statistics of the averaged weights, epoch {item.Epoch}: ",
        { Kind: ItemKind.Evaluate } item => $"evaluation after step {item.TrainingStep}: ",
        _ => "",
    };
}
