using System.Globalization;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>A file of Parquet with pictures and labels: its labels, and its pictures in their order.</summary>
internal sealed class ParquetTable
{
    private const int MostRowsOfGroup = 1 << 22;
    private const long MostBytesOfGroup = 1L << 31;
    private const string Metadata = "huggingface";

    private readonly string _image;

    private ParquetTable(string path, long bytes, string image, IReadOnlyList<string> classNames, int[] labels) =>
        (Path, Bytes, _image, ClassNames, Labels) = (path, bytes, image, classNames, labels);

    public delegate void PictureAction(ReadOnlySpan<byte> picture);

    public string Path { get; }

    /// <summary>Length of the file.</summary>
    public long Bytes { get; }

    /// <summary>By label, as the metadata's ClassLabel has them; empty: it has none.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Of all rows.</summary>
    public int[] Labels { get; }

    /// <param name="image">Columns; null: as the metadata says, or their usual names. Likewise <paramref name="label"/>.</param>
    /// <exception cref="DataFileException">It is not what it should be.</exception>
    public static ParquetTable Open(string path, string? image, string? label) => Guarded(path, async (file, reader) =>
    {
        var features = new HuggingFaceFeatures(path, reader.CustomMetadata.GetValueOrDefault(Metadata));
        var (pictures, classes) = (image ?? features.Image ?? "image", label ?? features.Label ?? "label");
        _ = Column(path, reader, $"{pictures}/bytes", "files of pictures", typeof(ReadOnlyMemory<byte>));
        var column = Column(path, reader, classes, "labels", typeof(long), typeof(int));
        var labels = new List<int>();
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = Group(path, file, reader, group, column);
            var first = labels.Count;
            if (column.ClrType == typeof(long))
            {
                await ReadAsync<long>(path, rows, column, first, value => labels.Add(
                    value is >= int.MinValue and <= int.MaxValue ? (int)value : throw new DataFileException(path, $"row {labels.Count} has the label {value}; expected a whole number of 32 bits")));
            }
            else
            {
                await ReadAsync<int>(path, rows, column, first, labels.Add);
            }
        }

        return labels.Count > 0
            ? new ParquetTable(path, FileSystem.LengthOf(path), pictures, features.NamesOf(classes), [.. labels])
            : throw new DataFileException(path, "has no rows; expected a picture and a label in each");
    });

    /// <summary>Tells the files of all pictures, in their order. Those of one row group are in memory at a time.</summary>
    /// <exception cref="DataFileException">One cannot be read.</exception>
    public void ReadPictures(PictureAction tell) => Guarded(Path, async (file, reader) =>
    {
        var column = Column(Path, reader, $"{_image}/bytes", "files of pictures", typeof(ReadOnlyMemory<byte>));
        var row = 0;
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = Group(Path, file, reader, group, column);
            await ReadAsync<ReadOnlyMemory<byte>>(Path, rows, column, row, picture =>
            {
                tell(picture.Span);
                row++;
            });
        }

        return row == Labels.Length ? row : throw new DataFileException(Path, $"has {row} pictures and {Labels.Length} labels");
    });

    /// <summary>The library reads asynchronously; whoever opens data waits, on a thread of his own.</summary>
    private static T Guarded<T>(string path, Func<SafeFileHandle, ParquetReader, Task<T>> read)
    {
        try
        {
            return Task.Run(async () =>
            {
                await using var file = FileSystem.OpenRegular(path);
                ParquetBounds.CheckFooter(file.SafeFileHandle);
                await using var reader = await ParquetReader.CreateAsync(new ParquetStream(file), new ParquetOptions { TreatByteArrayAsString = false });
                return await read(file.SafeFileHandle, reader);
            }).GetAwaiter().GetResult();
        }
        catch (Exception broken) when (broken is not (DataFileException or OutOfMemoryException))
        {
            throw new DataFileException(path, $"is no file of Parquet that can be read, or is damaged: {broken.Message}", broken);
        }
    }

    private static DataField Column(string path, ParquetReader reader, string name, string what, params Type[] types)
    {
        var column = reader.Schema.DataFields.FirstOrDefault(field => field.Path.ToString() == name);
        if (column is null || column.MaxRepetitionLevel > 0)
        {
            throw new DataFileException(path, string.Create(CultureInfo.InvariantCulture,
                $"has no column '{name}' of {what}; expected one, of {string.Join(", ", reader.Schema.DataFields.Select(field => field.Path.ToString()).Take(10))}"));
        }

        return types.Contains(column.ClrType)
            ? column
            : throw new DataFileException(path, $"has {column.ClrType.Name} in column '{name}'; expected {(types.Length > 1 ? "whole numbers" : "bytes")}: {what}");
    }

    private static ParquetRowGroupReader Group(string path, SafeFileHandle file, ParquetReader reader, int group, DataField column)
    {
        var rows = reader.OpenRowGroupReader(group);
        if (rows.RowCount is < 0 or > MostRowsOfGroup)
        {
            throw new DataFileException(path, $"row group {group} has {rows.RowCount} rows; expected at most {MostRowsOfGroup}");
        }

        var metadata = rows.GetMetadata(column)?.MetaData;
        var bytes = metadata?.TotalUncompressedSize ?? 0;
        if (metadata is not null)
        {
            ParquetBounds.CheckPages(file, metadata);
        }

        return bytes is >= 0 and <= MostBytesOfGroup
            ? rows
            : throw new DataFileException(path, $"row group {group} has {bytes} bytes in column '{column.Path}', which would all be in memory; expected at most {MostBytesOfGroup}: write it with smaller row groups");
    }

    private static async Task ReadAsync<T>(string path, ParquetRowGroupReader rows, DataField column, int first, Action<T> tell)
        where T : struct
    {
        using var raw = (RawColumnData<T>)await rows.ReadRawColumnDataBaseAsync(column);
        for (var row = 0; row < raw.DefinitionLevels.Length; row++)
        {
            if (raw.DefinitionLevels[row] < column.MaxDefinitionLevel)
            {
                throw new DataFileException(path, $"row {first + row} has nothing in column '{column.Path}'; expected a value in each");
            }
        }

        if (raw.Values.Length != rows.RowCount)
        {
            throw new DataFileException(path, $"column '{column.Path}' has {raw.Values.Length} values from row {first} on; expected {rows.RowCount}");
        }

        for (var row = 0; row < raw.Values.Length; row++)
        {
            tell(raw.Values[row]);
        }
    }

    /// <summary>What datasets says of the columns: <c>{"info":{"features":{"image":{"_type":"Image"},"label":{"names":["cat","dog"],"_type":"ClassLabel"}}}}</c>.</summary>
    private sealed class HuggingFaceFeatures
    {
        private readonly Dictionary<string, JsonElement> _features = new(StringComparer.Ordinal);

        public HuggingFaceFeatures(string path, string? json)
        {
            if (json is null)
            {
                return;
            }

            try
            {
                using var document = JsonDocument.Parse(json);
                foreach (var feature in document.RootElement.GetProperty("info").GetProperty("features").EnumerateObject())
                {
                    _features[feature.Name] = feature.Value.Clone();
                }
            }
            catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new DataFileException(path, $"has '{Metadata}' metadata that says nothing of features: {broken.Message}", broken);
            }
        }

        public string? Image => Of("Image");

        public string? Label => Of("ClassLabel");

        public IReadOnlyList<string> NamesOf(string column) =>
            _features.TryGetValue(column, out var feature) && feature.TryGetProperty("names", out var names) && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Select(name => name.GetString() ?? "")]
                : [];

        /// <summary>The first column of a type; null: there is none.</summary>
        private string? Of(string type) => _features
            .Where(feature => feature.Value.ValueKind == JsonValueKind.Object && feature.Value.TryGetProperty("_type", out var found) && found.ValueKind == JsonValueKind.String && found.GetString() == type)
            .Select(feature => feature.Key).FirstOrDefault();
    }
}
