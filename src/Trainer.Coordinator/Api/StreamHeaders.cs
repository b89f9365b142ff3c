using Grpc.Core;

namespace Trainer.Coordinator.Api;

/// <summary>The headers of a stream's answer, which go with its first message, or once it waits for one: whoever opened it knows then that it is not refused.</summary>
internal sealed class StreamHeaders(ServerCallContext context)
{
    /// <summary>Says that a stream was opened and waits: a refusal has headers too.</summary>
    private const string Waits = "trainer-stream-waits";

    /// <summary>Whether they are those of a stream that waits.</summary>
    public static bool SayThatItWaits(Metadata headers) => headers.Get(Waits) is not null;

    /// <summary>Where they have not gone yet.</summary>
    public Task SendAsync() => context.GetHttpContext().Response.HasStarted ? Task.CompletedTask : context.WriteResponseHeadersAsync(new Metadata { { Waits, "1" } });
}
