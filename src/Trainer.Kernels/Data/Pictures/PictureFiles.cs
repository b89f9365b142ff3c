namespace Trainer.Kernels.Data.Pictures;

/// <summary>Pictures of no known class, for a model to look at.</summary>
public static class PictureFiles
{
    /// <param name="paths">Files, and folders all of whose pictures are meant, in the order of their names.</param>
    /// <param name="channels">1: they are turned gray, as PIL's convert('L').</param>
    /// <exception cref="DataFileException">Naming what is not there, or has no pictures.</exception>
    public static ISampleSource Open(IEnumerable<string> paths, int channels)
    {
        List<PictureFile> files = [.. paths.SelectMany(Below).Select(file => new PictureFile(file, 0))];
        var source = new PictureSource(root: null, files, []);
        return channels == 1 ? new GrayPictures(source) : source;
    }

    private static IReadOnlyList<string> Below(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? [path] : throw new DataFileException(path, "is not there; expected a picture, or a folder of pictures");
        }

        string[] found = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(ImageFolder.IsPicture).Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new DataFileException(path, "has no pictures in it");
    }

    /// <summary>The same without colours.</summary>
    private sealed class GrayPictures(PictureSource source) : ISampleSource
    {
        private readonly ThreadLocal<Picture> _colours = new(() => new Picture());

        public int Count => source.Count;

        public int Channels => 1;

        public Shape? Shape => source.Shape is { } shape ? new Shape(1, shape[1], shape[2]) : null;

        public string? SizeDifference => source.SizeDifference;

        public int LabelOf(int index) => source.LabelOf(index);

        public string NameOf(int index) => source.NameOf(index);

        public void Read(int index, Picture picture)
        {
            var colours = _colours.Value!;
            source.Read(index, colours);
            var from = colours.Pixels;
            var to = picture.Reshape(colours.Height, colours.Width, 1);
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = Transforms.Colours.Luma(from[3 * i], from[(3 * i) + 1], from[(3 * i) + 2]);
            }
        }
    }
}
