using Grpc.Core;

namespace Trainer.Client;

/// <summary>What is wrong with a field of a request.</summary>
/// <param name="Field">Its path: <c>spec.model.layers[3].conv2d</c>.</param>
public sealed record FieldFault(string Field, string Problem);

/// <summary>The cluster refused a call, or nobody answered.</summary>
public sealed class TrainerException : Exception
{
    public TrainerException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    private TrainerException(string message, RpcException refused, RefusalDetails details)
        : base(message, refused) => (Status, Reason, Faults) = (refused.StatusCode, details.Reason, details.Faults);

    public StatusCode Status { get; } = StatusCode.Unknown;

    /// <summary>A word for programs, such as JOB_HAS_ENDED; empty: the status says it all.</summary>
    public string Reason { get; } = "";

    /// <summary>By field, where a job cannot run.</summary>
    public IReadOnlyList<FieldFault> Faults { get; } = [];

    internal static TrainerException Of(RpcException refused)
    {
        var details = RefusalDetails.Of(refused);
        var message = refused.Status.Detail.Length > 0 ? refused.Status.Detail : $"The cluster answered {refused.StatusCode}.";
        return new TrainerException(string.Join('\n', details.Faults.Select(fault => $"{fault.Field}: {fault.Problem}").Prepend(message)), refused, details);
    }
}
