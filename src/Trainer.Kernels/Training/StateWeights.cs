using Trainer.Kernels.Canonical;

namespace Trainer.Kernels.Training;

/// <summary>Takes weights and running statistics out of a state that was copied out (<see cref="StateReader"/>), whatever optimizer trained it.</summary>
public static class StateWeights
{
    /// <summary>Puts them into a network: batches that running statistics have seen go on where they were; steps, epochs and the optimizer's state stay behind.</summary>
    /// <param name="network">Initialised.</param>
    /// <param name="header">Of the state.</param>
    /// <param name="read">Fills a span with the next elements of the state's chunks.</param>
    /// <exception cref="CorruptStateException">It is no state, or one of another model.</exception>
    public static void Take(Network network, ReadOnlySpan<byte> header, ReadElements read)
    {
        var progress = StateHeader.Read(header, network.Layout, expected: null);
        var weights = network.EditWeights();
        for (var first = 0; first < weights.Length; first += Chunk.Elements)
        {
            read(weights.Slice(first, Math.Min(Chunk.Elements, weights.Length - first)));
        }

        for (var counter = 0; counter < network.Layout.Counters.Count; counter++)
        {
            network.TrackBatchesFrom(network.Layout.Counters[counter], progress.BatchesBeforeOf(counter) + progress.Updates);
        }
    }
}

/// <summary>Fills all of a span, or throws.</summary>
public delegate void ReadElements(Span<float> elements);
