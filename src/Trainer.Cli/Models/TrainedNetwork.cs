using System.Diagnostics;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Inspection;
using Trainer.Kernels.Training;
using Trainer.Node.Training;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Cli.Models;

/// <summary>What an evaluation came to.</summary>
internal sealed record Evaluation(ClassificationReport Report, double ImagesPerSecond);

/// <summary>What the model sees in an image, the likeliest first.</summary>
internal sealed record Prediction(int Image, IReadOnlyList<Guess> Guesses);

/// <summary>A trained model in evaluation mode.</summary>
internal sealed class TrainedNetwork : IDisposable
{
    private const int Batch = 64;

    private readonly Network _network;
    private readonly bool _takesSeveral;

    private TrainedNetwork(Network network, bool takesSeveral) => (_network, _takesSeveral) = (network, takesSeveral);

    /// <summary>Whether it was trained on images with any number of labels each: every class then has a probability of its own.</summary>
    public bool TakesSeveral => _takesSeveral;

    public int Classes => _network.Model.Classes;

    /// <summary>Weights and running statistics, flat.</summary>
    public ReadOnlySpan<float> Weights => _network.Weights;

    /// <summary>Reads the weights into the model that the job has for its images.</summary>
    /// <exception cref="DataFileException">The file is not what it should be, or of another model.</exception>
    public static TrainedNetwork Open(Model model, TrainedModel trained, Device device)
    {
        var recipe = BrokenSamples.RecipeOf(trained.Spec) with { ParameterGroups = [] };
        var network = new Network(model, device, recipe, new NetworkOptions(Batch, Training: false));
        try
        {
            WarmStart.LoadTrained(network, trained.Weights);
            return new TrainedNetwork(network, recipe.Loss is BinaryCrossEntropy { OneHot: false });
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public Evaluation Evaluate(DataSet images, CancellationToken stop)
    {
        var start = Stopwatch.GetTimestamp();
        var results = new float[(long)SampleResults.Rows * images.Count];
        ForEachBatch(images, images.Count, stop, (first, count) =>
        {
            _network.Evaluate(count);
            _network.Results.CopyTo(0, count, results, first);
        });
        var report = ClassificationReport.Of(images, new SampleResults(results), _network.Model.Classes);
        return new Evaluation(report, images.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Of images with any number of labels each.</summary>
    public (SeveralLabelsReport Report, double ImagesPerSecond) EvaluateSeveral(DataSet images, CancellationToken stop)
    {
        var (start, classes) = (Stopwatch.GetTimestamp(), Classes);
        var (outputs, sums) = (new float[(long)images.Count * classes], default(PassSums));
        ForEachBatch(images, images.Count, stop, (first, count) =>
        {
            for (var i = 0; i < count; i++)
            {
                images.FillTargets(first + i, _network.Targets.Slice(i * classes, classes));
            }

            _network.Evaluate(count);
            sums = sums.With(_network.Results);
            _network.Output.CopyTo(outputs.AsSpan(first * classes));
        });
        return (SeveralLabelsReport.Of(images, sums, outputs, classes), images.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <param name="guesses">So many of each image.</param>
    public void Predict(DataSet images, int limit, int guesses, Action<Prediction> tell, CancellationToken stop)
    {
        var givesProbabilities = Guess.AreProbabilities(_network.Model);
        var classes = _network.Model.Classes;
        ForEachBatch(images, Math.Min(limit, images.Count), stop, (first, count) =>
        {
            _network.Infer(count);
            for (var i = 0; i < count; i++)
            {
                tell(new Prediction(first + i, _takesSeveral ? Guess.Each(_network.Output.Slice(i * classes, classes), guesses) : Guess.Best(_network.Output.Slice(i * classes, classes), guesses, givesProbabilities)));
            }
        });
    }

    public void Dispose() => _network.Dispose();

    private void ForEachBatch(DataSet images, int count, CancellationToken stop, Action<int, int> run)
    {
        var stride = (int)images.Shape.Elements;
        for (var first = 0; first < count; first += Batch)
        {
            stop.ThrowIfCancellationRequested();
            var samples = Math.Min(Batch, count - first);
            for (var i = 0; i < samples; i++)
            {
                _network.Labels[i] = images.Read(first + i, _network.Input.Slice(i * stride, stride));
            }

            run(first, samples);
        }
    }
}
