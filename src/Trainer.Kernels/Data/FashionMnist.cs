namespace Trainer.Kernels.Data;

/// <summary>
/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747): 60,000 training and 10,000 test images of 28x28 pixels in 10 classes.
/// </summary>
/// <remarks>
/// Looked for in $TRAINER_DATA, then in the folder of Debian's package dataset-fashion-mnist, then in the user's cache;
/// plain or .gz. The SHA-256 of the decompressed content is checked at every load.
/// </remarks>
public static class FashionMnist
{
    private const string DebianFolder = "/usr/share/datasets/fashion-mnist";

    private static readonly (string Name, string Sha256) TrainImages =
        ("train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888");

    private static readonly (string Name, string Sha256) TrainLabels =
        ("train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9");

    private static readonly (string Name, string Sha256) TestImages =
        ("t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b");

    private static readonly (string Name, string Sha256) TestLabels =
        ("t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34");

    /// <summary>File name (without .gz) and SHA-256 of its decompressed content.</summary>
    public static IReadOnlyList<(string Name, string Sha256)> Files { get; } = [TrainImages, TrainLabels, TestImages, TestLabels];

    /// <summary>The folders that are searched, in order.</summary>
    public static IReadOnlyList<string> Folders =>
        Environment.GetEnvironmentVariable("TRAINER_DATA") is { Length: > 0 } own ? [own, DebianFolder, CacheFolder] : [DebianFolder, CacheFolder];

    /// <summary>Where downloads go: <c>$XDG_CACHE_HOME/trainer/fashion-mnist</c>.</summary>
    public static string CacheFolder
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
                ? set
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "trainer", "fashion-mnist");
        }
    }

    /// <summary>The first folder that has all four files, or null. Contents are not checked.</summary>
    public static string? Find() => Find(Folders);

    /// <exception cref="DataFileException">Not found (the folders searched, the command that gets it), or a wrong sum (file, found, expected).</exception>
    public static (DataSet Train, DataSet Test) Load(string? folder = null)
    {
        var folders = folder is null ? Folders : [folder];
        var found = Find(folders)
            ?? throw new DataFileException("fashion-mnist", $"not found in {string.Join(", ", folders)}; get it with: trainer data fetch fashion-mnist");
        return (
            DataSet.From(Read(found, TrainImages, 3), Read(found, TrainLabels, 1)),
            DataSet.From(Read(found, TestImages, 3), Read(found, TestLabels, 1)));
    }

    private static string? Find(IReadOnlyList<string> folders) =>
        folders.FirstOrDefault(folder => Files.All(file => PathOf(folder, file.Name) is not null));

    private static string? PathOf(string folder, string name)
    {
        var plain = Path.Combine(folder, name);
        return File.Exists(plain) ? plain : File.Exists(plain + ".gz") ? plain + ".gz" : null;
    }

    private static IdxFile Read(string folder, (string Name, string Sha256) file, int rank)
    {
        var idx = IdxFile.Read(PathOf(folder, file.Name)!, [rank]);
        var sum = idx.Sha256();
        return sum == file.Sha256
            ? idx
            : throw new DataFileException(idx.Path, $"SHA-256 of the decompressed content is {sum}; expected {file.Sha256}");
    }
}
