namespace Trainer.Kernels.Training;

/// <summary>Names of tensors as job files mean them: * stands for any characters, ? for any one.</summary>
internal static class NamePattern
{
    public static bool Matches(string pattern, string name)
    {
        var (at, i, star, retry) = (0, 0, -1, 0);
        while (i < name.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (star, retry) = (at++, i);
            }
            else if (at < pattern.Length && (pattern[at] == '?' || pattern[at] == name[i]))
            {
                (at, i) = (at + 1, i + 1);
            }
            else if (star >= 0)
            {
                (at, i) = (star + 1, ++retry); // The last * takes one more.
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(at).IndexOfAnyExcept('*') < 0;
    }
}
