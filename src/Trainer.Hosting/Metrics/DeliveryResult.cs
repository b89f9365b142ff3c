namespace Trainer.Hosting.Metrics;

/// <summary>What became of something that a receiver outside the cluster was told.</summary>
public enum DeliveryResult
{
    Taken,
    Failed,
    GivenUp,
}
