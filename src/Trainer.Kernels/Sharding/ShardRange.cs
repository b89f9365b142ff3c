namespace Trainer.Kernels.Sharding;

/// <summary>Batch shards [Lo, Hi). As a subtree root it is a node of the <see cref="ShardTree"/>.</summary>
public readonly record struct ShardRange(int Lo, int Hi)
{
    public int Count => Hi - Lo;

    public override string ToString() => $"[{Lo},{Hi})";
}
