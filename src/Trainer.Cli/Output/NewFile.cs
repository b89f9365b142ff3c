using Trainer.Cli.Errors;
using Trainer.Kernels.Formats;

namespace Trainer.Cli.Output;

/// <summary>A file that a command is to write.</summary>
internal static class NewFile
{
    /// <param name="replace">Whether a file that is there may go.</param>
    /// <param name="elsewhere">How to name another place, as a sentence's end: "give another folder with --to".</param>
    /// <exception cref="CliException">Its place is taken.</exception>
    public static void RequirePlace(string file, bool replace, string elsewhere)
    {
        if (Directory.Exists(file))
        {
            throw new CliException($"{file} cannot be written: it is a folder.", remedy: $"{char.ToUpperInvariant(elsewhere[0])}{elsewhere[1..]}.");
        }

        if (File.Exists(file) && !replace)
        {
            throw new CliException($"{file} is there already.", remedy: $"Replace it with --force, or {elsewhere}.");
        }
    }

    /// <summary>It appears whole or not at all, in the place of one that is there.</summary>
    /// <exception cref="CliException">It cannot be written.</exception>
    public static void Write(string file, Action<Stream> content)
    {
        try
        {
            using var draft = new AtomicFile(file);
            content(draft.Stream);
            draft.Commit();
        }
        catch (DirectoryNotFoundException e)
        {
            throw new CliException($"{file} cannot be written: its folder is not there.", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{file} cannot be written: {e.Message}", inner: e);
        }
    }
}
