namespace Trainer.Hosting.Artifacts;

/// <summary>The record that one generation of a job writes of its steps, beside the job's files. Nobody else writes it.</summary>
public interface IRecordLog<T>
{
    /// <summary>How long to gather before it is written again.</summary>
    TimeSpan AppendInterval { get; }

    /// <summary>All of them, or none as far as readers see.</summary>
    /// <exception cref="IOException">The store.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    void Append(IReadOnlyCollection<T> records);

    /// <summary>The highest number that any generation has recorded last; 0: none.</summary>
    /// <exception cref="IOException">The store.</exception>
    ulong LastRecorded();
}
