using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Inspection;
using Trainer.Kernels.Training;
using Trainer.Kernels.Training.Planning;
using Trainer.Protos;
using Trainer.Protos.Cluster;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Node.Inspection;

/// <summary>What a layer gives for one image, and what the model takes the image for.</summary>
internal static class FeatureMapView
{
    private const int MostMaps = 256;
    private const int MostValues = 64;
    private const int Columns = 16;
    private const int Guesses = 5;

    public static GetFeatureMapsResponse Of(InspectionOrder order, ArtifactStores stores, InspectedData data)
    {
        var request = order.FeatureMaps;
        var model = InspectedNetwork.ModelOf(order);
        var layer = LayerOf(request.Layer, model);
        var (set, index, resized) = SetOf(request, model, data);
        using var opened = InspectedNetwork.Open(order, model, stores, (int)request.Layer);
        var network = opened.Network;
        set.Read(index, network.Input);
        network.Infer(1);
        var answer = new GetFeatureMapsResponse { Shape = { Sheets.Sizes(layer.Output) }, Name = layer.Name, Step = order.State.Step, Resized = resized, Guesses = { GuessesOf(opened, ClassNames(order.Spec, set, data)) } };
        AddOutput(answer, network.OutputOf((int)request.Layer, sample: 0), layer.Output);
        AddImage(answer, request, set, index);
        return answer;
    }

    private static LayerSummary LayerOf(uint place, Model model)
    {
        var layers = ModelSummary.Of(model).Layers;
        return place < layers.Count ? layers[(int)place] : throw new InspectionException("layer", $"must be 0 to {layers.Count - 1}, the places of the model's layers; got {place}");
    }

    private static (DataSet Set, int Index, bool Resized) SetOf(GetFeatureMapsRequest request, Model model, InspectedData data)
    {
        if (request.PictureCase == GetFeatureMapsRequest.PictureOneofCase.Upload)
        {
            var (picture, resized) = data.Upload(request.Upload.Span, model.Input);
            return picture.Shape == model.Input ? (picture, 0, resized)
                : throw new InspectionException("upload", $"is {picture.Shape} behind the job's transforms of evaluation, also where it has the model's size before; the model takes {model.Input}");
        }

        var set = data.Evaluation.Load();
        return request.Sample < set.Count ? (set, (int)request.Sample, false)
            : throw new InspectionException("sample", $"must be 0 to {set.Count - 1}, the samples that the job is evaluated on; got {request.Sample}");
    }

    private static void AddOutput(GetFeatureMapsResponse answer, float[] output, Shape shape)
    {
        if (shape.Rank != 3 || shape[1] * shape[2] == 1)
        {
            answer.Values.AddRange(output.Take(MostValues));
            return;
        }

        var maps = LayerPictures.OfMaps(output, shape, MostMaps);
        answer.Maps = Sheets.Of([.. maps.Select(map => map.Picture)], Columns);
        answer.Ranges.AddRange(maps.Select(map => new MapRange { Least = map.Least, Greatest = map.Greatest }));
    }

    private static void AddImage(GetFeatureMapsResponse answer, GetFeatureMapsRequest request, DataSet set, int index)
    {
        answer.Input = Sheets.Of([set.OpenReader(seed: 0).ReadPicture(index, epoch: 0)], columns: 1);
        if (request.PictureCase == GetFeatureMapsRequest.PictureOneofCase.Upload)
        {
            return;
        }

        answer.Image = set.NameOf(index);
        if (set.LabelsOf(index).ToList() is [var label, ..])
        {
            (answer.Label, answer.ClassName) = (label, set.ClassNameOf(label));
        }
    }

    private static IEnumerable<ClassGuess> GuessesOf(InspectedNetwork opened, IReadOnlyList<string> names)
    {
        var network = opened.Network;
        var guesses = opened.Recipe.Loss is BinaryCrossEntropy { OneHot: false } ? Guess.Each(network.Output, Guesses) : Guess.Best(network.Output, Guesses, Guess.AreProbabilities(network.Model));
        return guesses.Select(guess => new ClassGuess { Label = (uint)guess.Class, ClassName = guess.Class < names.Count ? names[guess.Class] : "", Probability = guess.Probability });
    }

    // The set of an uploaded picture knows no classes, and the job's data need not be here for it.
    private static IReadOnlyList<string> ClassNames(JobSpec spec, DataSet set, InspectedData data) => set.ClassNames.Count > 0 ? set.ClassNames
        : KnownDataSet.All.FirstOrDefault(known => known.Name == spec.Data.Dataset)?.ClassNames is { Count: > 0 } known ? known
        : data.ClassNames;
}
