using Dapper;
using Microsoft.Data.Sqlite;

namespace Trainer.Coordinator.Store;

/// <summary>A copy of a store in SQLite, made while its coordinator works or after it has ended: all that was committed at one moment.</summary>
/// <param name="Jobs">How many jobs are in it.</param>
public sealed record SqliteBackup(long Jobs, long Bytes)
{
    private const string Sound = "ok";

    /// <summary>Writes the copy, which appears whole and can be read by its owner alone. It is a store's <c>jobs.db</c>.</summary>
    /// <param name="folder">The store's.</param>
    /// <param name="to">A file; one that is there is replaced.</param>
    /// <exception cref="StoreException">There is no store, it cannot be read, or the copy cannot be written or is damaged.</exception>
    public static SqliteBackup Write(string folder, string to)
    {
        var source = Path.Combine(folder, SqliteDialect.FileName);
        if (!File.Exists(source))
        {
            throw new StoreException($"There is no store in {folder}: it has no {SqliteDialect.FileName}. Name its folder with --store; a store in PostgreSQL is copied with pg_dump.");
        }

        var draft = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(to))!, $".{Path.GetFileName(to)}.{Guid.NewGuid():N}.tmp");
        try
        {
            File.Open(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
            Copy(source, draft);
            var jobs = Check(draft);
            Flush(draft);
            File.Move(draft, to, overwrite: true);
            return new SqliteBackup(jobs, new FileInfo(to).Length);
        }
        catch (SqliteException e)
        {
            throw SqliteDialect.Explain(e, folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The copy {to} cannot be written: {e.Message}", e);
        }
        finally
        {
            if (File.Exists(draft))
            {
                File.Delete(draft);
            }
        }
    }

    // Into an empty file, so that its rights are set before anything is in it.
    private static void Copy(string source, string draft)
    {
        using var connection = Open(source);
        connection.Execute("VACUUM INTO @draft", new { draft });
    }

    private static long Check(string copy)
    {
        using var connection = Open(copy);
        var found = connection.ExecuteScalar<string>("PRAGMA integrity_check");
        return found == Sound
            ? connection.ExecuteScalar<long>("SELECT count(*) FROM jobs")
            : throw new StoreException($"The copy is damaged, and so is the store: {found}") { Fault = StoreFault.Corrupt };
    }

    private static void Flush(string file)
    {
        using var written = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        written.Flush(flushToDisk: true);
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false, DefaultTimeout = 30 }.ConnectionString);
        connection.Open();
        return connection;
    }
}
