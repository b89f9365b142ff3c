namespace Trainer.Hosting.Files;

/// <summary>Where a path leads once every symbolic link in it is followed.</summary>
internal static class RealPath
{
    private const int MostLinks = 40; // As Linux has it.

    /// <param name="path">Of something that need not be there: what is missing is taken as it is written.</param>
    /// <exception cref="IOException">Its links lead in a circle, or cannot be read.</exception>
    public static string Of(string path)
    {
        var left = new Stack<string>(Parts(Path.GetFullPath(path)).Reverse());
        var (real, links) = ("/", 0);
        while (left.TryPop(out var part))
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? "/";
                continue;
            }

            var next = Path.Combine(real, part);
            if (TargetOf(next) is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new IOException($"{path} leads through more than {MostLinks} symbolic links.");
            }

            real = Path.IsPathRooted(target) ? "/" : real;
            foreach (var of in Parts(target).Reverse())
            {
                left.Push(of);
            }
        }

        return real;
    }

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");

    // Null: it is no link. A folder that may not be looked into shows no links, and nothing in it can be opened either.
    private static string? TargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
