namespace Trainer.Kernels.Data;

/// <summary>A data set that jobs call by its name: what it is, which files it is made of, and where they are looked for.</summary>
/// <remarks>
/// Looked for in $TRAINER_DATA/NAME and $TRAINER_DATA itself, then in the folder of a Debian package that has it, then in the user's cache; plain or .gz. The sums of decompressed
/// contents are checked: of labels when the set is described, of images when they are loaded.
/// </remarks>
public sealed class KnownDataSet
{
    private const string CacheVariable = "XDG_CACHE_HOME";

    private KnownDataSet(string name, string title) => (Name, Title) = (name, title);

    /// <summary>Xiao, Rasul, Vollgraf 2017 (arXiv:1708.07747): 60,000 training and 10,000 test images of clothes, in 10 classes.</summary>
    public static KnownDataSet FashionMnist { get; } = new("fashion-mnist", "Fashion-MNIST")
    {
        Addresses = [new("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/")],
        DebianPackage = "dataset-fashion-mnist",
        DebianFolder = "/usr/share/datasets/fashion-mnist",
        ClassNames = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
        Files =
        [
            new("train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            new("train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            new("t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            new("t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ],
    };

    public static IReadOnlyList<KnownDataSet> All { get; } = [FashionMnist];

    /// <summary>In job files and on command lines.</summary>
    public string Name { get; }

    /// <summary>For sentences.</summary>
    public string Title { get; }

    /// <summary>Of each image.</summary>
    public Shape Image { get; private init; } = new(1, 28, 28);

    public IReadOnlyList<string> ClassNames { get; private init; } = [];

    /// <summary>Training images and labels, test images and labels.</summary>
    public IReadOnlyList<KnownFile> Files { get; private init; } = [];

    /// <summary>The command that gets it.</summary>
    public string Fetch => $"trainer data fetch {Name}";

    /// <summary>Where it can be downloaded, each ADDRESS/FILE.gz, in the order of trying.</summary>
    public IReadOnlyList<Uri> Addresses { get; private init; } = [];

    /// <summary>That has it; null: none does.</summary>
    public string? DebianPackage { get; private init; }

    /// <summary>Where that package has it.</summary>
    public string? DebianFolder { get; private init; }

    /// <summary>The folders that are searched, in order.</summary>
    public IReadOnlyList<string> Folders =>
    [
        .. Environment.GetEnvironmentVariable("TRAINER_DATA") is { Length: > 0 } own ? (string[])[Path.Combine(own, Name), own] : [],
        .. DebianFolder is null ? (string[])[] : [DebianFolder],
        CacheFolder,
    ];

    /// <summary>Where downloads go: <c>$XDG_CACHE_HOME/trainer/NAME</c>.</summary>
    public string CacheFolder
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } set
                ? set
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "trainer", Name);
        }
    }

    /// <exception cref="ModelException">There is none of that name.</exception>
    public static KnownDataSet Named(string name) => All.FirstOrDefault(set => set.Name == name)
        ?? throw new ModelException("data.dataset", $"no data set is called '{name}'; expected one of {string.Join(", ", All.Select(set => set.Name))}");

    /// <summary>The first folder that has all files, or null. Contents are not checked.</summary>
    public string? Find() => Folders.FirstOrDefault(IsIn);

    /// <summary>Whether a folder has all files; their contents are checked when they are loaded.</summary>
    public bool IsIn(string folder) => Files.All(file => PathOf(folder, file) is not null);

    /// <summary>What it holds; images are not loaded.</summary>
    /// <exception cref="DataFileException">Not found (the folders searched, the command that gets it), or a wrong sum (file, found, expected).</exception>
    public (DataSet Train, DataSet Test) Describe(string? folder = null)
    {
        var folders = folder is null ? Folders : [folder];
        var found = folders.FirstOrDefault(IsIn) ?? throw new DataFileException(Name, $"not found in {string.Join(", ", folders)}; get it with: {Fetch}");
        return (Open(found, Files[0], Files[1]), Open(found, Files[2], Files[3]));
    }

    /// <exception cref="DataFileException">Not found (the folders searched, the command that gets it), or a wrong sum (file, found, expected).</exception>
    public (DataSet Train, DataSet Test) Load(string? folder = null)
    {
        var (train, test) = Describe(folder);
        return (train.Load(), test.Load());
    }

    private static string? PathOf(string folder, KnownFile file)
    {
        var plain = Path.Combine(folder, file.Name);
        return File.Exists(plain) ? plain : File.Exists(plain + ".gz") ? plain + ".gz" : null;
    }

    private DataSet Open(string folder, KnownFile images, KnownFile labels) =>
        DataSet.From(IdxSource.Open(PathOf(folder, images)!, PathOf(folder, labels)!, images.Sha256, labels.Sha256, ClassNames));
}

/// <summary>A file of a known data set.</summary>
/// <param name="Name">Without .gz.</param>
/// <param name="Sha256">Of the decompressed content, in lower-case hex.</param>
public sealed record KnownFile(string Name, string Sha256);
