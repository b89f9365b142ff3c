namespace Trainer.Kernels.Data.Pictures;

/// <summary>
/// Pictures in folders that name their classes: PATH/train/CLASS/*.jpg and PATH/test, val or validation/CLASS/*.jpg, or PATH/CLASS/*.jpg alone. Classes and files are in the
/// order of torchvision's ImageFolder, so that a picture has the same index here and there.
/// </summary>
internal static class ImageFolder
{
    private const string TrainFolder = "train";

    private static readonly string[] TestFolders = ["test", "val", "validation"];
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

    /// <returns>The test set is null where there is no folder for it.</returns>
    /// <exception cref="DataFileException">Naming the folder, what is in it, and what was expected.</exception>
    public static (PictureSource Train, PictureSource? Test) Open(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new DataFileException(path, File.Exists(path) ? "is a file; expected a folder with a folder for each class" : "is not there; expected a folder with a folder for each class");
        }

        var train = Path.Combine(path, TrainFolder);
        if (!Directory.Exists(train))
        {
            return (OpenPart(path, null), null);
        }

        var opened = OpenPart(train, null);
        var test = TestFolders.Select(name => Path.Combine(path, name)).FirstOrDefault(Directory.Exists);
        return (opened, test is null ? null : OpenPart(test, opened.ClassNames));
    }

    /// <param name="known">Of the training set; null: this is it.</param>
    private static PictureSource OpenPart(string folder, IReadOnlyList<string>? known)
    {
        string[] found = [.. Directory.EnumerateDirectories(folder).Select(name => Path.GetFileName(name)).Order(StringComparer.Ordinal)];
        var classes = known ?? (found.Length > 0 ? found : throw new DataFileException(folder, $"has {Held(folder)} and no folders; expected a folder for each class, with pictures in it"));
        if (found.FirstOrDefault(name => !classes.Contains(name)) is { } stranger)
        {
            throw new DataFileException(
                Path.Combine(folder, stranger), $"is a class that the training pictures do not have; theirs are {string.Join(", ", classes.Take(10))}{(classes.Count > 10 ? ", ..." : "")}");
        }

        var files = new List<PictureFile>();
        for (var label = 0; label < classes.Count; label++)
        {
            if (found.Contains(classes[label]))
            {
                Add(Path.Combine(folder, classes[label]), label, files);
            }
        }

        return files.Count > 0 ? new PictureSource(folder, files, classes) : throw new DataFileException(folder, "has no pictures in its classes' folders");
    }

    /// <summary>A class's pictures, those of folders within it as well: folders by their whole path, then files by name, as torchvision sorts them.</summary>
    private static void Add(string folder, int label, List<PictureFile> files)
    {
        var before = files.Count;
        foreach (var place in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).Append(folder).Order(StringComparer.Ordinal))
        {
            files.AddRange(Directory.EnumerateFiles(place).Where(IsPicture).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)
                .Select(name => new PictureFile(Path.Combine(place, name), label)));
        }

        if (files.Count == before)
        {
            throw new DataFileException(folder, $"has {Held(folder)} and no pictures; expected files that end in {string.Join(", ", Endings)}");
        }
    }

    public static bool IsPicture(string file) => Endings.Contains(Path.GetExtension(file).ToLowerInvariant());

    /// <summary>What a folder holds instead, in words.</summary>
    private static string Held(string folder)
    {
        string[] endings = [.. Directory.EnumerateFiles(folder).Select(file => Path.GetExtension(file)).Distinct().Order(StringComparer.Ordinal).Take(5)];
        return endings.Length == 0 ? "no files" : $"files that end in {string.Join(", ", endings.Select(ending => ending.Length == 0 ? "nothing" : ending))}";
    }
}
