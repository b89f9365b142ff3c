using System.Collections.Concurrent;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>What a job must fit: samples of the training set, shapes of a sample, the labels that occur.</summary>
public sealed record DataFacts(int TrainingSamples, Shape Shape, Shape TestShape, LabelSet Labels);

/// <summary>Describes data sets by their headers and labels, each once as long as its files do not change.</summary>
public sealed class DataCatalog
{
    private const int MostRemembered = 64;

    private readonly ConcurrentDictionary<string, DataFacts> _known = new(StringComparer.Ordinal);

    /// <exception cref="DataFileException">A file is missing or is not what it should be.</exception>
    /// <exception cref="ModelException">The section asks for what the data cannot give.</exception>
    public DataFacts Inspect(Data data)
    {
        var folder = data.Dataset.Length > 0 ? KnownDataSet.Named(data.Dataset).Find() : null;
        var key = string.Join('|', Files(data, folder).Select(Fingerprint).Append(JobFile.SectionJson(data)));
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        var (train, test) = DataSection.Describe(JobFile.SectionJson(data));
        var facts = new DataFacts(train.Count, train.Shape, test.Shape, train.Labels.Or(test.Labels));
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        return _known[key] = facts;
    }

    private static IEnumerable<string> Files(Data data, string? folder) => data.Idx is { } idx
        ? [idx.TrainImages, idx.TrainLabels, idx.TestImages, idx.TestLabels]
        : folder is null ? [] : Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal);

    private static string Fingerprint(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{path}:{file.Length}:{file.LastWriteTimeUtc.Ticks}" : $"{path}:absent";
    }
}
