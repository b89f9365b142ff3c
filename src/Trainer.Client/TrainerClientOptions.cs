namespace Trainer.Client;

/// <summary>How a <see cref="TrainerClient"/> calls.</summary>
public sealed record TrainerClientOptions
{
    /// <summary>Of the cluster, which every call carries; null: it wants none.</summary>
    public string? Token { get; init; }

    /// <summary>Who calls, for the jobs' history and quotas, where the cluster takes the caller's word; at most 64 characters of ASCII.</summary>
    public string User { get; init; } = "";

    /// <summary>How long a call may take to be answered before it is made again.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the coordinator may be away until calls and streams give up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Hears, when a connection is lost and when there is one again, a sentence about it.</summary>
    public Action<string>? Noticed { get; init; }

    /// <summary>What connects; null: sockets, over TLS where the address is https.</summary>
    public Func<HttpMessageHandler>? Handler { get; init; }
}
