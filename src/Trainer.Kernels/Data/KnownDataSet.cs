namespace Trainer.Kernels.Data;

/// <summary>A data set that jobs call by its name: what it is, which files it is made of, and where they are looked for.</summary>
/// <remarks>
/// Looked for in $TRAINER_DATA/NAME and $TRAINER_DATA itself, then in the folder of a Debian package that has it, then in the user's cache; plain or .gz. The sums of decompressed
/// contents are checked where they are known: of labels when the set is described, of images when they are loaded. Others are checked when they are downloaded.
/// </remarks>
public sealed class KnownDataSet
{
    private const string CacheVariable = "XDG_CACHE_HOME";

    private static readonly Shape CifarImage = new(3, 32, 32);

    private static readonly KnownFile[] IdxFiles = [new("train-images-idx3-ubyte"), new("train-labels-idx1-ubyte"), new("t10k-images-idx3-ubyte"), new("t10k-labels-idx1-ubyte")];

    private readonly int? _classes;
    private readonly IReadOnlyList<KnownDownload>? _downloads;

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

    /// <summary>LeCun, Cortes, Burges 1998: 60,000 training and 10,000 test images of handwritten digits. Sums of the compressed files, as TensorFlow Datasets has them.</summary>
    public static KnownDataSet Mnist { get; } = new("mnist", "MNIST")
    {
        Addresses = [new("https://ossci-datasets.s3.amazonaws.com/mnist/"), new("https://storage.googleapis.com/cvdf-datasets/mnist/")],
        ClassNames = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        Files = IdxFiles,
        Downloads =
        [
            new("train-images-idx3-ubyte.gz", SumKind.Sha256, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            new("train-labels-idx1-ubyte.gz", SumKind.Sha256, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            new("t10k-images-idx3-ubyte.gz", SumKind.Sha256, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            new("t10k-labels-idx1-ubyte.gz", SumKind.Sha256, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ],
    };

    /// <summary>Clanuwat et al. 2018 (arXiv:1812.01718): 60,000 training and 10,000 test images of cursive Japanese characters, in 10 classes. Sums as torchvision has them.</summary>
    public static KnownDataSet Kmnist { get; } = new("kmnist", "Kuzushiji-MNIST")
    {
        Addresses = [new("http://codh.rois.ac.jp/kmnist/dataset/kmnist/")],
        ClassNames = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
        Files = IdxFiles,
        Downloads =
        [
            new("train-images-idx3-ubyte.gz", SumKind.Md5, "bdb82020997e1d708af4cf47b453dcf7"),
            new("train-labels-idx1-ubyte.gz", SumKind.Md5, "e144d726b3acfaa3e44228e80efcd344"),
            new("t10k-images-idx3-ubyte.gz", SumKind.Md5, "5c965bf0a639b31b8f53240b1b52f4d7"),
            new("t10k-labels-idx1-ubyte.gz", SumKind.Md5, "7320c461ea6c1c855c0b718fb2a4b134"),
        ],
    };

    /// <summary>Krizhevsky 2009: 50,000 training and 10,000 test photographs in 10 classes. The binary version, with the sum of its own page.</summary>
    public static KnownDataSet Cifar10 { get; } = new("cifar-10", "CIFAR-10")
    {
        Addresses = [new("https://www.cs.toronto.edu/~kriz/")],
        Image = CifarImage,
        ClassNames = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
        Files = [.. ((string[])["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"]).Select(name => new KnownFile(name))],
        Downloads = [new("cifar-10-binary.tar.gz", SumKind.Md5, "c32a1d4ab5d03f1284b67883e8d87530")],
        OpenFolder = CifarSource.Open10,
    };

    /// <summary>Krizhevsky 2009: 50,000 training and 10,000 test photographs in 100 classes. The binary version, with the sum of its own page.</summary>
    public static KnownDataSet Cifar100 { get; } = new("cifar-100", "CIFAR-100")
    {
        Addresses = [new("https://www.cs.toronto.edu/~kriz/")],
        Image = CifarImage,
        Classes = 100,
        Files = [new("train.bin"), new("test.bin"), new("fine_label_names.txt")],
        Downloads = [new("cifar-100-binary.tar.gz", SumKind.Md5, "03b5dce01913d631647c71ecec9e9cb8")],
        OpenFolder = CifarSource.Open100,
    };

    public static IReadOnlyList<KnownDataSet> All { get; } = [FashionMnist, Mnist, Kmnist, Cifar10, Cifar100];

    /// <summary>In job files and on command lines.</summary>
    public string Name { get; }

    /// <summary>For sentences.</summary>
    public string Title { get; }

    /// <summary>Of each image.</summary>
    public Shape Image { get; private init; } = new(1, 28, 28);

    public int Classes { get => _classes ?? ClassNames.Count; private init => _classes = value; }

    public IReadOnlyList<string> ClassNames { get; private init; } = [];

    /// <summary>What its folder holds; of IDX files: training images and labels, test images and labels.</summary>
    public IReadOnlyList<KnownFile> Files { get; private init; } = [];

    /// <summary>What is downloaded: files that are compressed each, or an archive of them.</summary>
    public IReadOnlyList<KnownDownload> Downloads
    {
        get => _downloads ?? [.. Files.Select(file => new KnownDownload($"{file.Name}.gz", SumKind.ContentSha256, file.Sha256!))];
        private init => _downloads = value;
    }

    /// <summary>Null: IDX files.</summary>
    private Func<string, (ISampleSource Train, ISampleSource Test)>? OpenFolder { get; init; }

    /// <summary>The command that gets it.</summary>
    public string Fetch => $"trainer data fetch {Name}";

    /// <summary>Where it can be downloaded, each ADDRESS/FILE, in the order of trying.</summary>
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
    public string CacheFolder => CacheFolderOf(Name);

    /// <summary>A folder of the user's cache.</summary>
    public static string CacheFolderOf(string name)
    {
        var cache = Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(cache, "trainer", name);
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
        if (OpenFolder is null)
        {
            return (Open(found, Files[0], Files[1]), Open(found, Files[2], Files[3]));
        }

        var (train, test) = OpenFolder(found);
        return (DataSet.From(train), DataSet.From(test));
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
/// <param name="Sha256">Of the decompressed content, in lower-case hex, checked whenever it is loaded; null: it is checked when it is downloaded.</param>
public sealed record KnownFile(string Name, string? Sha256 = null);

/// <summary>What is known of a file that is downloaded.</summary>
/// <param name="Sum">In lower-case hex.</param>
public sealed record KnownDownload(string Name, SumKind Kind, string Sum);

/// <summary>What a sum is of.</summary>
public enum SumKind
{
    /// <summary>SHA-256 of the decompressed content: compressed files of different sources differ.</summary>
    ContentSha256,

    /// <summary>SHA-256 of the file.</summary>
    Sha256,

    /// <summary>MD5 of the file, where its author gives no better one.</summary>
    Md5,
}
