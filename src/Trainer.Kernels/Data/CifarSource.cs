namespace Trainer.Kernels.Data;

/// <summary>CIFAR-10 and CIFAR-100 in their binary version (Krizhevsky 2009): records of one or two label bytes and the planes of a 3x32x32 image.</summary>
internal static class CifarSource
{
    private const int Side = 32;
    private const int Pixels = 3 * Side * Side;

    /// <summary>CIFAR-10's folder cifar-10-batches-bin: five training batches and one for tests.</summary>
    public static (ISampleSource Train, ISampleSource Test) Open10(string folder) => (
        Open([.. Enumerable.Range(1, 5).Select(batch => Path.Combine(folder, $"data_batch_{batch}.bin"))], labelBytes: 1, classes: 10, Names(folder, "batches.meta.txt")),
        Open([Path.Combine(folder, "test_batch.bin")], labelBytes: 1, classes: 10, Names(folder, "batches.meta.txt")));

    /// <summary>CIFAR-100's folder cifar-100-binary; labels are the fine ones.</summary>
    public static (ISampleSource Train, ISampleSource Test) Open100(string folder) => (
        Open([Path.Combine(folder, "train.bin")], labelBytes: 2, classes: 100, Names(folder, "fine_label_names.txt")),
        Open([Path.Combine(folder, "test.bin")], labelBytes: 2, classes: 100, Names(folder, "fine_label_names.txt")));

    private static PlaneSource Open(string[] files, int labelBytes, int classes, string[] names)
    {
        var planes = new RecordPlanes(files, labelBytes, classes);
        return new PlaneSource(Path.GetDirectoryName(files[0])!, new Shape(3, Side, Side), planes, planes.Labels, names);
    }

    private static string[] Names(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        return File.Exists(path) ? [.. File.ReadLines(path).Where(line => line.Length > 0)] : [];
    }

    /// <summary>All records of some files, in their order.</summary>
    private sealed class RecordPlanes : IPlanes
    {
        private readonly string[] _files;
        private readonly int _labelBytes;
        private readonly int _classes;
        private byte[]? _records;

        public RecordPlanes(string[] files, int labelBytes, int classes)
        {
            (_files, _labelBytes, _classes) = (files, labelBytes, classes);
            Labels = [.. files.SelectMany(ReadLabels)];
        }

        public int[] Labels { get; }

        public bool AreInMemory => true;

        private int Record => _labelBytes + Pixels;

        public void Load()
        {
            if (_records is not null)
            {
                return;
            }

            var (records, at) = (new byte[(long)Labels.Length * Record], 0);
            foreach (var path in _files)
            {
                using var file = FileSystem.OpenRegular(path);
                var length = (int)file.Length;
                if (file.ReadAtLeast(records.AsSpan(at, Math.Min(length, records.Length - at)), length, throwOnEndOfStream: false) < length)
                {
                    throw new DataFileException(path, "has become shorter while it was read");
                }

                at += length;
            }

            _records = records;
        }

        public ReadOnlySpan<byte> Of(int index, Span<byte> scratch) => _records.AsSpan((index * Record) + _labelBytes, Pixels);

        private int[] ReadLabels(string path)
        {
            using var file = FileSystem.OpenRegular(path);
            if (file.Length == 0 || file.Length % Record != 0)
            {
                throw new DataFileException(path, $"has {file.Length} bytes; expected records of {Record}: {_labelBytes} for labels, {Pixels} for pixels");
            }

            var labels = new int[file.Length / Record];
            Span<byte> label = stackalloc byte[1];
            for (var i = 0; i < labels.Length; i++)
            {
                var offset = ((long)i * Record) + _labelBytes - 1;
                if (RandomAccess.Read(file.SafeFileHandle, label, offset) < 1 || label[0] >= _classes)
                {
                    throw new DataFileException(path, $"label {label[0]} at offset {offset}; expected 0 to {_classes - 1}");
                }

                labels[i] = label[0];
            }

            return labels;
        }
    }
}
