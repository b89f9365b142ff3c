using Trainer.Kernels.Data;
using Trainer.Protos;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Inspection;

/// <summary>Images of a job's data as its transforms make them, before they become floats.</summary>
internal static class SampleView
{
    private const int UsualCount = 32;
    private const int Columns = 8;
    private const string Skip = "skip";

    public static GetSamplesResponse Of(InspectionOrder order, InspectedData data)
    {
        var (request, seed, shuffle) = (order.Samples, order.Spec.Training.Seed, order.Spec.Data.Shuffle);
        var skips = order.Spec.Data.OnError == Skip;
        var trains = request.Part != SetPart.Evaluation;
        var (set, epoch) = (trains ? data.Train : data.Evaluation, trains ? (int)Math.Max(1, request.Epoch) : 0);
        var places = request.Indices.Count > 0 ? [.. request.Indices.Select(index => (Sample: Checked(index, set), Position: (int?)null))] : InOrder(request, set, seed, trains && shuffle, epoch);
        set.Load();
        var (reader, pictures) = (set.OpenReader(seed), new List<Picture>());
        foreach (var (sample, position) in places)
        {
            pictures.Add(Read(reader, sample, epoch, position, skips));
        }

        return new GetSamplesResponse { Sheet = Sheets.Of(pictures, Columns), Samples = { places.Select(place => FactsOf(set, place.Sample)) }, SetSamples = (uint)set.Count };
    }

    // One that is broken is black where the job passes over it, as it is for training.
    private static Picture Read(SampleReader reader, int sample, int epoch, int? position, bool skips)
    {
        var picture = new Picture();
        try
        {
            reader.ReadPicture(sample, epoch, position).CopyTo(picture);
        }
        catch (BrokenSampleException) when (skips)
        {
            picture.Reshape(1, 1, 1).Clear();
        }

        return picture;
    }

    private static List<(int Sample, int? Position)> InOrder(GetSamplesRequest request, DataSet set, ulong seed, bool shuffle, int epoch)
    {
        if (request.First >= set.Count)
        {
            throw new InspectionException("first", $"must be 0 to {set.Count - 1}, the places of an epoch's samples; got {request.First}");
        }

        var order = new int[set.Count];
        set.FillEpoch(order, seed, Math.Max(1, epoch), shuffle);
        var count = request.Count == 0 ? UsualCount : (int)request.Count;
        return [.. Enumerable.Range((int)request.First, Math.Min(count, set.Count - (int)request.First)).Select(place => (order[place], (int?)place))];
    }

    private static int Checked(uint index, DataSet set) =>
        index < set.Count ? (int)index : throw new InspectionException("indices", $"must be 0 to {set.Count - 1}, the samples of the set; got {index}");

    private static SampleFacts FactsOf(DataSet set, int sample)
    {
        var labels = set.LabelsOf(sample).ToList();
        return new SampleFacts { Index = (uint)sample, Name = set.NameOf(sample), Labels = { labels }, ClassNames = { labels.Select(set.ClassNameOf) } };
    }
}
