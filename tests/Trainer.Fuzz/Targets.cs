using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Packs;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Layers;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;
using Trainer.Kernels.Tests.Formats;
using Trainer.Node.States;
using JobFile = Trainer.Protos.JobFile;
using JobFileException = Trainer.Protos.JobFileException;
using JobSpec = Trainer.Protos.JobSpec;
using ProtoJson = Trainer.Protos.ProtoJson;

namespace Trainer.Fuzz;

/// <summary>All parsers of files and texts that come from outside, by their public entries.</summary>
/// <param name="folder">For files; it should be in memory.</param>
/// <param name="root">The repository's, whose files are seeds.</param>
public sealed class Targets(string folder, string root) : IDisposable
{
    private const int MostSamples = 3;
    private const long MostElements = 1 << 20;

    /// <summary>To one size, whatever pictures there are.</summary>
    private const string Cropped = """ "transforms":{"train":[{"center_crop":{"size":[3]}}],"test":[{"center_crop":{"size":[3]}}]} """;

    private static readonly Type[] OfData = [typeof(DataFileException), typeof(ModelException), typeof(BrokenSampleException), typeof(TransformMisfitException)];

    private readonly CpuDevice _device = CpuDevice.Create(threads: 1);
    private readonly Model _model = new(new Shape(1, 4, 4), new Conv2d(2, 3), new BatchNorm2d(), new Flatten(), new Linear(3));
    private readonly LinkTarget _link = new(folder);
    private readonly float[] _pixels = new float[MostElements];

    public void Dispose()
    {
        _link.Dispose();
        _device.Dispose();
    }

    public IEnumerable<Target> All()
    {
        yield return new Target("job", JobText, [typeof(JobFileException)], [.. Files("examples", "*.yaml"), .. Files("tests/contract/jobs", "*.yaml")]);
        yield return new Target("job-json", input => _ = ProtoJson.Read<JobSpec>(Encoding.UTF8.GetString(input)), [typeof(FormatException)], [.. JobsAsJson()]);
        yield return new Target("layers", input => _ = Model.FromJson(Encoding.UTF8.GetString(input), new Shape(1, 9, 11)), [typeof(ModelException)], [.. LayersAsJson()]);
        yield return new Target("weights", Weights, OfData, [SafetensorsFile(), .. TorchFiles()]);
        yield return new Target("idx-images", input => Data(input, "images", "labels", labels: Idx([0, 0, 8, 1, 0, 0, 0, 5], 5)), OfData, [Images(), Packed(Images())]);
        yield return new Target("idx-labels", input => Data(Images(), "images", "labels", labels: input), OfData, [Idx([0, 0, 8, 1, 0, 0, 0, 5], 5), Idx([0, 0, 0x0C, 1, 0, 0, 0, 5], 20)]);
        yield return new Target("npy", Npy, OfData, [.. NpyFiles()]);
        yield return new Target("csv", Csv, OfData, [Encoding.UTF8.GetBytes("label,1x1,1x2,2x1,2x2\n1,2,3,4,5\n0,5,6,7,255\n"), "a.png,b\n\"c,d.png\",\"x\"\"y\"\n"u8.ToArray(), "0.bmp,1,2\n1.bmp\n"u8.ToArray()]);
        yield return new Target("tar", Tar, OfData, [TarFile(TarEntryFormat.Ustar), TarFile(TarEntryFormat.Pax), TarFile(TarEntryFormat.Gnu)]);
        yield return new Target("pack", Pack, OfData, [PackFile()]);
        yield return new Target("parquet", Parquet, OfData, [.. Files("tests/Trainer.Kernels.Tests/Data", "*.parquet")]);
        yield return new Target("picture", Picture, OfData, [.. Files("src/Trainer.Kernels/Data/Pictures/Samples", "*")]);
        yield return JpegTarget.Of(Files("src/Trainer.Kernels/Data/Pictures/Samples", "*.jpg"));
        yield return new Target("state", State, [typeof(CorruptStateException)], [.. Headers()]);
        yield return new Target("manifest", Manifest, [typeof(DataFileException)], [.. Files("tests/contract", CheckpointManifest.ManifestFile, SearchOption.AllDirectories)]);
        yield return _link.ToTarget();
    }

    private void JobText(byte[] input) => _ = JobFile.Parse(Encoding.UTF8.GetString(input), "job.yaml");

    private void Weights(byte[] input)
    {
        var path = Write("weights", input);
        using var network = new Network(_model, _device, new TrainingRecipe(new Sgd(0.1)), new NetworkOptions(1));
        network.Initialize(1);
        WarmStart.Load(network, path, strict: false);
    }

    private void Data(byte[] images, string imagesName, string labelsName, byte[] labels)
    {
        var (x, y) = (Write(imagesName, images), Write(labelsName, labels));
        Samples($$$"""{"idx":{"train_images":"{{{x}}}","train_labels":"{{{y}}}","test_images":"{{{x}}}","test_labels":"{{{y}}}"}}""");
    }

    private void Npy(byte[] input)
    {
        var (x, y) = (Write("x.npy", input), Write("y.npy", NpyFiles().Last()));
        Samples($$$"""{"npy":{"train_x":"{{{x}}}","train_y":"{{{y}}}"},"validation":{"samples":1}}""");
    }

    private void Csv(byte[] input)
    {
        var path = Write("table.csv", input);
        Samples($$$"""{"csv":{"train":"{{{path}}}","labels":"{{{(input.Length % 2 == 0 ? "one" : "several")}}}"},"validation":{"samples":1}}""");
    }

    private void Tar(byte[] input) => Samples($$$"""{"tar":{"train":["{{{Write("shard.tar", WithSums(input))}}}"]},"validation":{"samples":1},{{{Cropped}}}}""");

    // Of what could be headers; nobody finds a sum by trying.
    private static byte[] WithSums(byte[] input)
    {
        var mended = input.ToArray();
        for (var at = 0; at <= mended.Length - 512; at += 512)
        {
            var header = mended.AsSpan(at, 512);
            if (header.Slice(257, 5).SequenceEqual("ustar"u8))
            {
                header.Slice(148, 8).Fill((byte)' ');
                var sum = 0;
                foreach (var value in header)
                {
                    sum += value;
                }

                Encoding.ASCII.GetBytes($"{Convert.ToString(sum, 8).PadLeft(6, '0')}\0 ").CopyTo(header[148..]);
            }
        }

        return mended;
    }

    private void Pack(byte[] input)
    {
        var path = Write("data.pack", input);
        _ = DataPack.Describe(path);
        Samples($$$"""{"packed":{"path":"{{{path}}}"},"validation":{"samples":1}}""");
    }

    private void Parquet(byte[] input) => Samples($$$"""{"parquet":{"train":["{{{Write("table.parquet", input)}}}"]},"validation":{"samples":1},{{{Cropped}}}}""");

    private void Picture(byte[] input)
    {
        Write("0.bmp", input);
        Samples($$$"""{"csv":{"train":"{{{Write("pictures.csv", "0.bmp,1\n0.bmp,0\n0.bmp,1\n"u8.ToArray())}}}"},"validation":{"samples":1}}""");
    }

    private void State(byte[] input)
    {
        using var states = States();
        states.CopyIn(input);
    }

    private void Manifest(byte[] input)
    {
        Write(CheckpointManifest.ManifestFile, input);
        _ = CheckpointFiles.ReadManifest(new FolderStore(folder));
    }

    private void Samples(string section)
    {
        var (train, _) = DataSection.Describe(section);
        if ((long)train.Shape.Elements * train.Count > MostElements)
        {
            return;
        }

        (train, _) = DataSection.Load(section);
        var reader = train.OpenReader();
        for (var i = 0; i < Math.Min(train.Count, MostSamples); i++)
        {
            reader.Read(i, epoch: 1, _pixels.AsSpan(0, (int)train.Shape.Elements));
        }
    }

    private string Write(string name, byte[] content)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private IEnumerable<byte[]> Files(string below, string pattern, SearchOption where = SearchOption.TopDirectoryOnly) =>
        Directory.GetFiles(Path.Combine(root, below), pattern, where).Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    private IEnumerable<JobSpec> Jobs() => Directory.GetFiles(Path.Combine(root, "examples"), "*.yaml").Order(StringComparer.Ordinal).Select(JobFile.Read);

    private IEnumerable<byte[]> JobsAsJson() => Jobs().Select(job => Encoding.UTF8.GetBytes(ProtoJson.Line(ProtoJson.Compact(job))));

    private IEnumerable<byte[]> LayersAsJson() => Jobs().Where(job => job.Model.Layers.Count > 0).Select(job => Encoding.UTF8.GetBytes(JobFile.ModelJson(job.Model)))
        .Append("""[{"residual":{"layers":[{"conv2d":{"out_channels":1,"kernel_size":3,"padding":[1]}}]}},{"concat":{"branches":[{"layers":[]},{"layers":[{"relu":{}}]}]}},{"flatten":{}},{"linear":{"out_features":3}}]"""u8.ToArray());

    private byte[] SafetensorsFile()
    {
        var path = Path.Combine(folder, "good.safetensors");
        var layout = ParameterLayout.Of(_model);
        Safetensors.WriteWeights(path, layout, new float[layout.Elements], _ => 1);
        return File.ReadAllBytes(path);
    }

    private IEnumerable<byte[]> TorchFiles()
    {
        yield return File.ReadAllBytes(TorchPickle.Write(Path.Combine(folder, "good.pth"), TorchPickle.StateDict()));
    }

    private static byte[] Images() => Idx([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 7], 105);

    private static byte[] Idx(byte[] header, int bytes) => [.. header, .. Enumerable.Range(0, bytes).Select(i => (byte)(i % 3))];

    private static byte[] Packed(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    private static IEnumerable<byte[]> NpyFiles()
    {
        yield return NpyOf("{'descr': '|u1', 'fortran_order': False, 'shape': (5, 3, 4, 1), }", 60);
        yield return NpyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3, 4), }", 240);
        yield return NpyOf("{'descr': '<i8', 'fortran_order': False, 'shape': (5,), }", 40);
    }

    private static byte[] NpyOf(string header, int bytes)
    {
        var padded = header.PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)padded.Length, 0, .. Encoding.ASCII.GetBytes(padded), .. new byte[bytes]];
    }

    /// <param name="format">With Pax, attributes and a name that is too long for a header stand before an entry.</param>
    private byte[] TarFile(TarEntryFormat format)
    {
        using var tar = new MemoryStream();
        var name = format == TarEntryFormat.Ustar ? "" : new string('n', 120);
        using (var writer = new TarWriter(tar, format, leaveOpen: true))
        {
            foreach (var (picture, i) in Files("src/Trainer.Kernels/Data/Pictures/Samples", "*.png").Take(3).Select((picture, i) => (picture, i)))
            {
                Add(writer, $"{name}{i}.png", picture);
                Add(writer, $"{name}{i}.cls", Encoding.ASCII.GetBytes($"{i}"));
            }
        }

        return tar.ToArray();

        void Add(TarWriter writer, string path, byte[] content)
        {
            var (type, data) = (TarEntryType.RegularFile, new MemoryStream(content));
            TarEntry entry = format switch
            {
                TarEntryFormat.Pax => new PaxTarEntry(type, path) { DataStream = data },
                TarEntryFormat.Gnu => new GnuTarEntry(type, path) { DataStream = data },
                _ => new UstarTarEntry(type, path) { DataStream = data },
            };
            writer.WriteEntry(entry);
        }
    }

    private static byte[] PackFile()
    {
        using var pack = new MemoryStream();
        DataPack.Write(DataSet.FromArrays(new Shape(1, 3, 5), new byte[75], [0, 1, 2, 1, 0]), null, pack);
        return pack.ToArray();
    }

    private StatePair States() => StatePair.Create(_device, ParameterLayout.Of(_model), new TrainingRecipe(new Adam(0.1)) { Averaging = new Swa(1) });

    private IEnumerable<byte[]> Headers()
    {
        using var states = States();
        foreach (var progress in new[]
        {
            default,
            new TrainingProgress(9, Updates: 6, Samples: 18, default) { Epochs = [new EpochSums(default, default)], BatchesBefore = [3], Averaged = 2 },
            new TrainingProgress(9, Updates: 6, Samples: 18, default) { Evaluations = [new StepEvaluation(1, 3, default)], Averaged = 1, Estimated = 3 },
        })
        {
            states.Current.Progress = progress;
            using var reader = states.CopyOut();
            yield return reader.Header.ToArray();
        }
    }
}
