using Google.Protobuf;
using Trainer.Kernels;
using Trainer.Kernels.Data;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Protos;
using Model = Trainer.Kernels.Models.Model;
using Sgd = Trainer.Kernels.Training.Sgd;

namespace Trainer.Node.Training;

/// <summary>What a job's specification comes to on a worker.</summary>
public sealed record JobParameters(int BatchSize, int Shards, int Epochs, ulong Seed, bool Shuffle, TrainingRecipe Recipe, double LearningRate)
{
    private static readonly JsonFormatter AsInJobFile = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    public static JobParameters Of(JobSpec spec)
    {
        var training = spec.Training;
        var sgd = training.Optimizer.Sgd ?? throw new NotSupportedException($"Optimizer {training.Optimizer.KindCase} is unknown; expected sgd.");
        var batchSize = (int)training.BatchSize;
        return new JobParameters(
            batchSize,
            training.HasShards ? (int)training.Shards : ShardTree.DefaultShards(batchSize),
            (int)training.Epochs,
            training.Seed,
            !spec.Data.HasShuffle || spec.Data.Shuffle,
            new Sgd(sgd.Lr, sgd.Momentum, sgd.WeightDecay),
            sgd.Lr);
    }

    /// <exception cref="DataFileException">The files are not there or not what they should be.</exception>
    public static (DataSet Train, DataSet Test) LoadData(Protos.Data data) => (data.Idx, data.Dataset) switch
    {
        ({ } idx, _) => (DataSet.FromIdx(idx.TrainImages, idx.TrainLabels), DataSet.FromIdx(idx.TestImages, idx.TestLabels)),
        (null, "fashion-mnist") => FashionMnist.Load(),
        _ => throw new NotSupportedException($"Data set '{data.Dataset}' is unknown; expected fashion-mnist."),
    };

    /// <exception cref="ModelException">The model does not fit the data.</exception>
    public static Model BuildModel(Protos.Model model, Shape input, int classes) => model.Zoo.Length > 0
        ? Zoo.Create(model.Zoo, input, model.HasClasses ? (int)model.Classes : classes)
        : Model.FromJson($"[{string.Join(',', model.Layers.Select(layer => AsInJobFile.Format(layer)))}]", input);
}
