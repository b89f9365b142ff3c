namespace Trainer.Cli.Data;

/// <summary>A place that a data set's files can be had from.</summary>
internal interface IDataSource
{
    /// <summary>For sentences: "Debian's package dataset-fashion-mnist".</summary>
    string Name { get; }

    /// <summary>Puts the files (NAME.gz each) into an empty folder of the caller's.</summary>
    /// <exception cref="SourceFailedException">With the reason, in a few words.</exception>
    Task FetchAsync(string folder, Action<string> tell, CancellationToken stop);
}

/// <summary>This source does not have it, or cannot be reached; another one may.</summary>
internal sealed class SourceFailedException(string reason, Exception? inner = null) : Exception(reason, inner);
