using System.Globalization;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>A table of samples: <c>path,label</c> with pictures in files, or <c>label,pixel,pixel,...</c> with a square image in each line. A first line of names may be there.</summary>
internal static class CsvList
{
    /// <summary>A table of <c>path,label,label,...</c>: a picture has as many labels as stand there, none included.</summary>
    /// <param name="known">Class names of the training set; null: this is it.</param>
    /// <exception cref="DataFileException">Naming file, line, found and expected.</exception>
    public static ISampleSource OpenSeveral(string path, IReadOnlyList<string>? known = null)
    {
        var rows = ReadRows(path, "path,label,label,...");
        var root = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var labels = WrittenLabels.Of(rows.SelectMany(LabelsOf), known);
        return new PictureSource(root, [.. rows.Select(row => Labelled(path, root, row, labels))], labels.Names);
    }

    private static PictureFile Labelled(string path, string root, Row row, WrittenLabels labels)
    {
        int[] numbers = [.. LabelsOf(row).Select(label => labels.NumberOf(path, $"line {row.Line}", label)).Order()];
        for (var i = 1; i < numbers.Length; i++)
        {
            if (numbers[i] == numbers[i - 1])
            {
                throw new DataFileException(path, $"line {row.Line} has the label '{(labels.Names.Count > 0 ? labels.Names[numbers[i]] : numbers[i])}' twice; expected each label of a picture once");
            }
        }

        return new PictureFile(Place(path, root, row), numbers.Length > 0 ? numbers[0] : -1, numbers);
    }

    private static IEnumerable<string> LabelsOf(Row row) => row.Fields.Skip(1).Where(label => label.Length > 0);

    /// <param name="known">Class names of the training set; null: this is it.</param>
    /// <exception cref="DataFileException">Naming file, line, found and expected.</exception>
    public static ISampleSource Open(string path, IReadOnlyList<string>? known = null)
    {
        var rows = ReadRows(path, "path,label or label,pixel,pixel,...");
        var odd = rows.Find(row => row.Fields.Length != rows[0].Fields.Length || row.Fields.Length < 2);
        if (odd.Fields is not null)
        {
            throw new DataFileException(path, $"line {odd.Line} has {odd.Fields.Length} fields; expected {Math.Max(2, rows[0].Fields.Length)}, path,label or label,pixel,pixel,...");
        }

        return rows[0].Fields.Length == 2 ? Pictures(path, rows, known) : Pixels(path, rows);
    }

    private static List<Row> ReadRows(string path, string expected)
    {
        var rows = new List<Row>();
        using var reader = new StreamReader(FileSystem.OpenRegular(path));
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            if (text.Length > 0 && (line > 1 || !IsHeader(text)))
            {
                rows.Add(new Row(line, Fields(text)));
            }
        }

        if (rows.Count == 0)
        {
            throw new DataFileException(path, $"has no lines; expected {expected} in each");
        }

        return rows;
    }

    private static bool IsHeader(string text) =>
        Fields(text)[0].ToLowerInvariant() is "path" or "file" or "filename" or "file_name" or "image" or "image_path" or "label";

    private static PictureSource Pictures(string path, List<Row> rows, IReadOnlyList<string>? known)
    {
        var root = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var labels = WrittenLabels.Of(rows.Select(row => row.Fields[1]), known);
        return new PictureSource(root, [.. rows.Select(row => new PictureFile(Place(path, root, row), labels.NumberOf(path, $"line {row.Line}", row.Fields[1])))], labels.Names);
    }

    /// <summary>A table names no file elsewhere: who may read it need not be allowed to read that.</summary>
    private static string Place(string table, string root, Row row)
    {
        if (row.Fields[0].Contains('\0', StringComparison.Ordinal))
        {
            throw new DataFileException(table, $"line {row.Line} names a file with a NUL in its name; expected a picture below the table's folder {root}");
        }

        var place = Path.GetFullPath(Path.Combine(root, row.Fields[0]));
        return place.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal)
            ? place
            : throw new DataFileException(table, $"line {row.Line} names '{row.Fields[0]}'; expected a picture below the table's folder {root}");
    }

    private static PlaneSource Pixels(string path, List<Row> rows)
    {
        var length = rows[0].Fields.Length - 1;
        var (gray, colour) = ((int)Math.Sqrt(length), (int)Math.Sqrt(length / 3.0));
        var shape = gray * gray == length ? new Shape(1, gray, gray) : 3 * colour * colour == length ? new Shape(3, colour, colour)
            : throw new DataFileException(path, $"line {rows[0].Line} has {length} pixels; expected those of a square image, of one channel or of three planes");
        var (pixels, labels) = (new byte[(long)rows.Count * length], new int[rows.Count]);
        for (var i = 0; i < rows.Count; i++)
        {
            labels[i] = Number<int>(path, rows[i], 0, "a label");
            for (var pixel = 0; pixel < length; pixel++)
            {
                pixels[((long)i * length) + pixel] = Number<byte>(path, rows[i], pixel + 1, "a pixel from 0 to 255");
            }
        }

        return new PlaneSource(path, shape, new ArrayPlanes(pixels, length), labels, []);
    }

    private static T Number<T>(string path, Row row, int field, string expected)
        where T : IParsable<T> =>
        T.TryParse(row.Fields[field], CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new DataFileException(path, $"line {row.Line}, field {field + 1} is '{row.Fields[field]}'; expected {expected}");

    /// <summary>Fields between commas; one in quotation marks may hold commas, and two marks for one.</summary>
    private static string[] Fields(string text)
    {
        if (!text.Contains('"', StringComparison.Ordinal))
        {
            return text.Split(',', StringSplitOptions.TrimEntries);
        }

        var (fields, field, isQuoted) = (new List<string>(), new System.Text.StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && isQuoted && i + 1 < text.Length && text[i + 1] == '"')
            {
                field.Append(text[++i]);
            }
            else if (text[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (text[i] == ',' && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else
            {
                field.Append(text[i]);
            }
        }

        return [.. fields, field.ToString().Trim()];
    }

    private readonly record struct Row(int Line, string[] Fields);
}
