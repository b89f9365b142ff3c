using System.Collections.Concurrent;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What a job must fit: samples of the training set, shapes of a sample, the labels that occur.</summary>
public sealed record DataFacts(int TrainingSamples, Shape Shape, Shape TestShape, LabelSet Labels)
{
    /// <summary>Null: the samples are not pictures in files.</summary>
    public DataIds? Ids { get; init; }
}

/// <summary>Describes data sets by their headers and labels, each once as long as its files do not change; pictures in folders each time, since any of many may have come or gone.</summary>
/// <param name="pushed">Data sets in the cluster's store; null: there are none.</param>
public sealed class DataCatalog(DataSets? pushed = null)
{
    private const int MostRemembered = 64;

    private readonly ConcurrentDictionary<string, DataFacts> _known = new(StringComparer.Ordinal);

    /// <summary>Writes into a section which data set it means that was pushed.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public void Resolve(Data data)
    {
        if (data.Pushed.Length > 0)
        {
            data.Pushed = FindPushed(data.Pushed).Id;
        }
    }

    /// <exception cref="DataFileException">A file is missing or is not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give.</exception>
    public DataFacts Inspect(Data data)
    {
        if (Files(data) is not { } files)
        {
            return Describe(data);
        }

        var key = string.Join('|', files.Select(Fingerprint).Append(JobFile.SectionJson(data)));
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        var facts = Describe(data);
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        return _known[key] = facts;
    }

    private DataFacts Describe(Data data)
    {
        try
        {
            return data.Pushed.Length > 0 ? pushed!.DescribeWith(FindPushed(data.Pushed), index => DescribeFiles(DataSetFiles.At(data, index))) : DescribeFiles(data);
        }
        catch (DataFileException wrong) when (data.Pushed.Length > 0)
        {
            throw new ModelException("data.pushed", wrong.Message);
        }
    }

    private PushedDataSet FindPushed(string id) =>
        pushed?.FindReady(id) ?? throw new ModelException("data.pushed", $"there is no data set {id} in this cluster; push one: trainer data push PATH {DataSetFiles.Split(id).Name}");

    private static DataFacts DescribeFiles(Data data)
    {
        var (train, test) = DataSection.Describe(JobFile.SectionJson(data));
        return new DataFacts(train.Count, train.Shape, test.Shape, train.Labels.Or(test.Labels)) { Ids = DataIds.Of(train, test) };
    }

    /// <summary>What a description follows from; null: more files than are looked at one by one.</summary>
    private static IEnumerable<string>? Files(Data data) => data switch
    {
        { Idx: { } idx } => [idx.TrainImages, idx.TrainLabels, idx.TestImages, idx.TestLabels],
        { Npy: { } npy } => [npy.TrainX, npy.TrainY, npy.TestX, npy.TestY],
        { Pushed.Length: > 0 } => [], // What it holds never changes.
        { Packed: { } packed } => [packed.Path],
        { Dataset.Length: > 0 } => KnownDataSet.Named(data.Dataset).Find() is { } folder ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal) : [],
        _ => null,
    };

    private static string Fingerprint(string path)
    {
        if (path.Length == 0)
        {
            return "";
        }

        var file = new FileInfo(path);
        return file.Exists ? $"{path}:{file.Length}:{file.LastWriteTimeUtc.Ticks}" : $"{path}:absent";
    }
}
