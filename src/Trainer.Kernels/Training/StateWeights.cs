using Trainer.Kernels.Canonical;

namespace Trainer.Kernels.Training;

/// <summary>Takes weights and running statistics out of a state that was copied out (<see cref="StateReader"/>), whatever optimizer and loss trained it: their average, where the state has one.</summary>
public static class StateWeights
{
    /// <summary>Puts them into a network: batches that running statistics have seen go on where they were; steps, epochs and the optimizer's state stay behind.</summary>
    /// <param name="network">Initialised.</param>
    /// <param name="header">Of the state.</param>
    /// <param name="read">Fills a span with the next elements of the state's chunks.</param>
    /// <exception cref="CorruptStateException">It is no state, or one of another model.</exception>
    public static void Take(Network network, ReadOnlySpan<byte> header, ReadElements read)
    {
        var progress = StateHeader.Read(header, network.Model, out var layout, out var buffers);
        var weights = network.EditWeights()[..Math.Min(layout.Elements, network.Layout.Elements)];
        Span<float> ofLoss = stackalloc float[layout.Elements - weights.Length];
        for (var buffer = progress.Averaged > 0 ? 0 : buffers - 1; buffer < buffers; buffer++)
        {
            Read(weights, read); // What lies before the average, where there is one, is written over.
            Read(ofLoss, read); // The place for the weight of a loss, where one of both has it, is the last one, and holds nothing.
        }

        for (var counter = 0; counter < network.Layout.Counters.Count; counter++)
        {
            network.TrackBatchesFrom(network.Layout.Counters[counter], progress.BatchesOf(counter));
        }
    }

    private static void Read(Span<float> buffer, ReadElements read)
    {
        for (var first = 0; first < buffer.Length; first += Chunk.Elements)
        {
            read(buffer.Slice(first, Math.Min(Chunk.Elements, buffer.Length - first)));
        }
    }
}

/// <summary>Fills all of a span, or throws.</summary>
public delegate void ReadElements(Span<float> elements);
