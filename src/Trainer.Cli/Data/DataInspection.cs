using System.Security.Cryptography;
using Trainer.Kernels.Data;

namespace Trainer.Cli.Data;

/// <summary>What a part of a data set holds, found out by reading it.</summary>
/// <param name="Part">train or test.</param>
/// <param name="Images">That it has.</param>
/// <param name="Classes">Images of each, by name.</param>
/// <param name="Read">Images that were looked at; the figures below are of these.</param>
/// <param name="Sizes">Width and height, most frequent first.</param>
/// <param name="Mean">Of each channel, pixels being 0 to 1.</param>
/// <param name="Std">Likewise.</param>
/// <param name="Broken">Images that cannot be read, and why.</param>
/// <param name="Duplicates">Images whose pixels another one has, with that one's name.</param>
internal sealed record DataInspection(
    string Part,
    int Images,
    IReadOnlyList<(string Name, int Images)> Classes,
    int Read,
    IReadOnlyList<(int Width, int Height, int Images)> Sizes,
    IReadOnlyList<double> Mean,
    IReadOnlyList<double> Std,
    IReadOnlyList<string> Broken,
    IReadOnlyList<(string Name, string Other)> Duplicates)
{
    /// <param name="known">Pixels' hashes and the names of their images, in all parts so far.</param>
    public static DataInspection Of(string part, DataSet data, int most, Dictionary<string, string> known, CancellationToken stop)
    {
        var (sizes, broken, duplicates) = (new Dictionary<(int, int), int>(), new List<string>(), new List<(string, string)>());
        var (sums, reader, read) = (new ChannelSums(), data.OpenReader(), 0);
        for (; read < Math.Min(most, data.Count); read++)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                var picture = reader.ReadPicture(read, epoch: 0);
                sizes[(picture.Width, picture.Height)] = sizes.GetValueOrDefault((picture.Width, picture.Height)) + 1;
                sums.Add(picture);
                var (hash, name) = (HashOf(picture), $"{part}/{data.NameOf(read)}");
                if (!known.TryAdd(hash, name))
                {
                    duplicates.Add((name, known[hash]));
                }
            }
            catch (DataFileException unreadable)
            {
                broken.Add(unreadable.Message);
            }
        }

        var ordered = sizes.OrderByDescending(size => size.Value).ThenBy(size => size.Key).Select(size => (size.Key.Item1, size.Key.Item2, size.Value));
        return new DataInspection(part, data.Count, ClassesOf(data), read, [.. ordered], sums.Means, sums.Deviations, broken, duplicates);
    }

    private static List<(string, int)> ClassesOf(DataSet data)
    {
        var counts = Enumerable.Range(0, data.Count).SelectMany(data.LabelsOf).CountBy(label => label).OrderBy(count => count.Key);
        return [.. counts.Select(count => (count.Key >= 0 && count.Key < data.ClassNames.Count ? data.ClassNames[count.Key] : $"{count.Key}", count.Value))];
    }

    private static string HashOf(Picture picture) => $"{picture.Width}x{picture.Height}:{Convert.ToHexStringLower(SHA256.HashData(picture.Pixels))}";

    /// <summary>Sums over pixels, in whole numbers.</summary>
    private sealed class ChannelSums
    {
        private readonly long[] _sums = new long[3];
        private readonly long[] _squares = new long[3];
        private int _channels;
        private long _pixels;

        public IReadOnlyList<double> Means => [.. Enumerable.Range(0, _channels).Select(c => _sums[c] / 255.0 / _pixels)];

        public IReadOnlyList<double> Deviations =>
            [.. Enumerable.Range(0, _channels).Select(c => Math.Sqrt(Math.Max(0, (_squares[c] / 255.0 / 255 / _pixels) - (Means[c] * Means[c]))))];

        public void Add(Picture picture)
        {
            _channels = Math.Min(_sums.Length, picture.Channels);
            _pixels += picture.Width * picture.Height;
            var pixels = picture.Pixels;
            for (var i = 0; i < pixels.Length; i++)
            {
                var c = i % picture.Channels;
                if (c < _channels)
                {
                    _sums[c] += pixels[i];
                    _squares[c] += pixels[i] * pixels[i];
                }
            }
        }
    }
}
