using System.Diagnostics;
using Trainer.Kernels.Data;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;
using Trainer.Kernels.Training.Planning;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;

namespace Trainer.Cli.Models;

/// <summary>
/// What an evaluation came to. Loss is the mean over images, by their classes' weights where the loss has such; accuracy 0..1. Images that the loss ignores
/// count in neither; both are NaN where it ignores all.
/// </summary>
internal sealed record Evaluation(int Images, double Loss, double Accuracy, double ImagesPerSecond);

/// <summary>A class that the model sees in an image, and how sure it is, 0..1.</summary>
internal sealed record Prediction(int Image, int Class, double Probability);

/// <summary>A trained model in evaluation mode.</summary>
internal sealed class TrainedNetwork : IDisposable
{
    private const int Batch = 64;

    private readonly Network _network;

    private TrainedNetwork(Network network) => _network = network;

    /// <summary>Weights and running statistics, flat.</summary>
    public ReadOnlySpan<float> Weights => _network.Weights;

    /// <summary>Reads the weights into the model that the job has for its images.</summary>
    /// <exception cref="DataFileException">The file is not what it should be, or of another model.</exception>
    public static TrainedNetwork Open(Model model, TrainedModel trained, Device device)
    {
        var recipe = TrainingRecipe.FromJson(JobFile.SectionJson(trained.Spec.Training)) with { ParameterGroups = [] };
        var network = new Network(model, device, recipe, new NetworkOptions(Batch, Training: false));
        try
        {
            WarmStart.LoadTrained(network, trained.Weights);
            return new TrainedNetwork(network);
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
        var sums = default(PassSums);
        ForEachBatch(images, images.Count, stop, (_, count) =>
        {
            _network.Evaluate(count);
            sums = sums.With(_network.Results);
        });
        return new Evaluation(images.Count, sums.MeanLoss, sums.Accuracy, images.Count / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    public void Predict(DataSet images, int limit, Action<Prediction> tell, CancellationToken stop)
    {
        var givesProbabilities = ModelSummary.Of(_network.Model).Layers[^1].Kind == "softmax";
        var classes = _network.Model.Classes;
        ForEachBatch(images, Math.Min(limit, images.Count), stop, (first, count) =>
        {
            _network.Infer(count);
            for (var i = 0; i < count; i++)
            {
                tell(Best(first + i, _network.Output.Slice(i * classes, classes), givesProbabilities));
            }
        });
    }

    public void Dispose() => _network.Dispose();

    private static Prediction Best(int image, ReadOnlySpan<float> outputs, bool areProbabilities)
    {
        var best = 0;
        for (var i = 1; i < outputs.Length; i++)
        {
            best = outputs[i] > outputs[best] ? i : best;
        }

        var sum = 0.0;
        foreach (var output in outputs)
        {
            sum += Math.Exp(output - outputs[best]);
        }

        return new Prediction(image, best, areProbabilities ? outputs[best] : 1 / sum);
    }

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
