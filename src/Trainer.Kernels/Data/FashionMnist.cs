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
    /// <summary>File name (without .gz) and SHA-256 of its decompressed content.</summary>
    public static IReadOnlyList<(string Name, string Sha256)> Files => throw new NotImplementedException();

    /// <summary>The folders that are searched, in order.</summary>
    public static IReadOnlyList<string> Folders => throw new NotImplementedException();

    /// <summary>Where downloads go: <c>$XDG_CACHE_HOME/trainer/fashion-mnist</c>.</summary>
    public static string CacheFolder => throw new NotImplementedException();

    /// <summary>The first folder that has all four files, or null. Contents are not checked.</summary>
    public static string? Find() => throw new NotImplementedException();

    /// <exception cref="DataFileException">Not found (naming the folders searched and the command that gets it), or a wrong sum (file, expected, found).</exception>
    public static (DataSet Train, DataSet Test) Load(string? folder = null) => throw new NotImplementedException();
}
