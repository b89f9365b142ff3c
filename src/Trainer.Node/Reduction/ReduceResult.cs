using Trainer.Kernels.Training;

namespace Trainer.Node.Reduction;

/// <summary>A finished all-reduce.</summary>
/// <param name="Seconds">From the first contribution to the last total.</param>
/// <param name="EndsGeneration">All members stop after they have applied the item.</param>
public readonly record struct ReduceResult(PassSums Statistics, long BytesSent, long BytesReceived, double Seconds, bool EndsGeneration = false)
{
    /// <summary>At the first member, what the passes of all found out about each sample (<see cref="SampleResults"/>), until the next item begins; elsewhere empty.</summary>
    public ReadOnlyMemory<float> Samples { get; init; }

    /// <summary>The hash that each chunk of the total has to have when it is applied; empty: there is none.</summary>
    public ReadOnlyMemory<ulong> Totals { get; init; }
}

/// <summary>A step that cannot be finished: not finite, members that disagree, frames that make no sense. Not applied anywhere.</summary>
public sealed class StepFailedException(string message, bool isNotFinite) : Exception(message)
{
    /// <summary>The training diverged; otherwise something is broken.</summary>
    public bool IsNotFinite { get; } = isNotFinite;
}

/// <summary>Where the training thread waits for the all-reduce: for the parts of a layer's batch norm groups, and for an item's totals. Waiting never spins: the core belongs to the links meanwhile.</summary>
internal sealed class ReduceWaiter
{
    private readonly object _lock = new(); // Monitor.Wait has no counterpart on Lock.
    private ReduceResult? _result;
    private bool _partsAreThere;
    private Exception? _fault;

    public void Complete(in ReduceResult result)
    {
        lock (_lock)
        {
            _result = result;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>All parts that a layer waits for are there.</summary>
    public void CompleteParts()
    {
        lock (_lock)
        {
            _partsAreThere = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Ends this wait and all later ones with an exception; the first one stays.</summary>
    public void Fail(Exception fault)
    {
        lock (_lock)
        {
            _fault ??= fault;
            Monitor.PulseAll(_lock);
        }
    }

    /// <returns>Null: neither a result nor a fault came within the time.</returns>
    public ReduceResult? Wait(TimeSpan patience)
    {
        lock (_lock)
        {
            if (_result is null && _fault is null)
            {
                Monitor.Wait(_lock, patience);
            }

            var result = _result;
            _result = null;
            return _fault is null ? result : throw _fault;
        }
    }

    /// <returns>False: the parts did not come within the time, nor a fault.</returns>
    public bool WaitForParts(TimeSpan patience)
    {
        lock (_lock)
        {
            if (!_partsAreThere && _fault is null)
            {
                Monitor.Wait(_lock, patience);
            }

            var areThere = _partsAreThere;
            _partsAreThere = false;
            return _fault is null ? areThere : throw _fault;
        }
    }
}
