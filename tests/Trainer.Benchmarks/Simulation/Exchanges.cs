namespace Trainer.Benchmarks.Simulation;

/// <summary>Ways to sum a gradient over workers. Each returns the time from the step's begin until the last worker has applied.</summary>
internal static class Exchanges
{
    /// <summary>As <c>AllReduce</c> does: everybody sends each chunk to its owner, chunk c to worker c mod W, and gets the total from it.</summary>
    public static double Direct(StepModel model)
    {
        var (wires, workers) = (new Wires(model, model.Workers), model.Workers);
        var missing = Enumerable.Repeat(workers, model.Chunks).ToArray();
        return Run(model, wires, workers, message =>
        {
            const int Part = 0;
            const int Total = 1;
            var owner = message.Chunk % workers;
            if (message.Stage == Message.Ready && message.To != owner)
            {
                wires.Send(message with { From = message.To, To = owner, Stage = Part });
            }
            else if (message.Stage != Total && --missing[message.Chunk] == 0)
            {
                foreach (var to in Enumerable.Range(0, workers).Where(to => to != owner))
                {
                    wires.Send(message with { From = owner, To = to, Stage = Total });
                }
            }
        });
    }

    /// <summary>
    /// Exact as well, where a group's shards are a node of the tree: within groups to the member that owns the chunk there, from those to the one of them that owns the chunk
    /// of all, and back the same way.
    /// </summary>
    /// <param name="size">Workers of a group; divides their number.</param>
    public static double TwoLevel(StepModel model, int size)
    {
        var (wires, exchange) = (new Wires(model, model.Workers), new TwoLevelExchange(model, size));
        return Run(model, wires, model.Workers, message => exchange.Take(message, wires));
    }

    /// <summary>
    /// Each bucket in W parts round a ring, twice (scatter and gather): the fewest bytes, but 2 (W - 1) hops, and sums in an order that depends on W. All workers do the same at the same
    /// time, so one that sends to itself stands for all.
    /// </summary>
    public static double Ring(StepModel model)
    {
        var (wires, hops) = (new Wires(model, workers: 1), 2 * (model.Workers - 1));
        var parts = Enumerable.Range(0, model.Buckets).Select(bucket => (BytesOf(model, bucket) + model.Workers - 1) / model.Workers).ToArray();
        return Run(model, wires, workers: 1, message =>
        {
            var isFirst = message.Chunk % model.BucketChunks == 0;
            if (isFirst && message.Stage < hops - 1)
            {
                wires.Send(message with { Stage = message.Stage + 1, Bytes = parts[message.Chunk / model.BucketChunks] });
            }
        });
    }

    private static long BytesOf(StepModel model, int bucket) =>
        Enumerable.Range(bucket * model.BucketChunks, model.BucketChunks).Where(chunk => chunk < model.Chunks).Sum(model.BytesOfChunk);

    private static double Run(StepModel model, Wires wires, int workers, Action<Message> take)
    {
        for (var chunk = 0; chunk < model.Chunks; chunk++)
        {
            for (var worker = 0; worker < workers; worker++)
            {
                wires.Post(new Message(worker, worker, chunk, Message.Ready, model.BytesOfChunk(chunk)), model.ReadyAt(chunk / model.BucketChunks));
            }
        }

        wires.Run(take);
        return Math.Max(wires.Now, model.ForwardSeconds + model.BackwardSeconds) + model.ApplySeconds;
    }
}
