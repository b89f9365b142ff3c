using Trainer.Hosting.Traces;
using Trainer.Node.Links;

namespace Trainer.Node.Training;

/// <summary>What a worker tells of its part in a job's trace: where the time goes until it trains, once for a job or a generation and never for a step. For any thread.</summary>
internal sealed class WorkerSpans(string job, string worker)
{
    /// <summary>Runs something, and tells how long it took and how it failed.</summary>
    /// <param name="generation">That it is for; null: for the job.</param>
    public T Measure<T>(string name, GenerationNumber? generation, Func<T> what)
    {
        var begin = DateTimeOffset.UtcNow;
        string? error = null;
        try
        {
            return what();
        }
        catch (OperationCanceledException)
        {
            error = Over;
            throw;
        }
        catch (Exception fault)
        {
            error = fault.Message;
            throw;
        }
        finally
        {
            Tell(name, generation, begin, error);
        }
    }

    /// <inheritdoc cref="Measure{T}"/>
    public void Measure(string name, GenerationNumber? generation, Action what) => Measure(name, generation, () =>
    {
        what();
        return true;
    });

    /// <summary>Why something for a generation that has ended was not finished.</summary>
    public const string Over = "The generation was over.";

    /// <summary>Of something that began then and ends now.</summary>
    public void Tell(string name, GenerationNumber? generation, DateTimeOffset begin, string? error = null)
    {
        if (Spans.AreOn)
        {
            var text = generation is { } number ? $"{number.Term}.{number.Number}" : null;
            Spans.Tell(job, new Span(name, begin, DateTimeOffset.UtcNow)
            {
                Parent = text is null ? TraceIds.Root(job) : TraceIds.OfGeneration(job, text),
                Attributes = [new(SpanCatalog.JobId, job), new(SpanCatalog.Worker, worker), new(SpanCatalog.Number, text)],
                Error = error,
            });
        }
    }
}
