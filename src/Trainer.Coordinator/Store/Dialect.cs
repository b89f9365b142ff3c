using System.Data.Common;

namespace Trainer.Coordinator.Store;

/// <summary>What databases do each in its own way; the statements themselves are the same for all (<see cref="JobSql"/>).</summary>
internal abstract class Dialect : IDisposable
{
    /// <summary>Its folder of numbered scripts.</summary>
    public abstract string Scripts { get; }

    /// <summary>What errors call the database; never with a password.</summary>
    public abstract string Place { get; }

    /// <summary>Opens a connection, from a pool.</summary>
    public abstract ValueTask<DbConnection> ConnectAsync();

    /// <summary>Waits until the caller may write; what it gets is disposed afterwards. A database that lets writers wait for one another in good order lets everybody.</summary>
    public virtual ValueTask<IDisposable?> TurnToWriteAsync() => default;

    /// <summary>A transaction that only reads, and sees one moment.</summary>
    public abstract ValueTask<DbTransaction> SnapshotAsync(DbConnection connection);

    /// <summary>The condition that a column has one of the values of an array.</summary>
    public abstract string AnyOf(string column, string parameter);

    /// <summary>A label of the JSON in column labels, or NULL.</summary>
    /// <param name="parameter">Has <see cref="LabelPath"/> of its key.</param>
    public abstract string LabelOf(string parameter);

    /// <inheritdoc cref="LabelOf"/>
    public abstract string LabelPath(string key);

    /// <summary>Brings the schema to the newest version.</summary>
    /// <exception cref="StoreException">It is of a later version of the program.</exception>
    public abstract void Migrate(IReadOnlyList<Migration> scripts);

    /// <summary>What a fault of the database means; null for a fault of the program.</summary>
    public abstract StoreException? Explain(Exception fault);

    public abstract void Dispose();

    protected void RequireKnown(int applied, int known)
    {
        if (applied > known)
        {
            throw new StoreException($"{Place} has schema version {applied}, this program knows {known}: it was written by a later version.");
        }
    }
}
