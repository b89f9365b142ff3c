namespace Trainer.Cluster.Tests.Jobs;

/// <summary>A LeNet job on <see cref="TinyImages"/> that trains in a second or, with many epochs, until it is stopped.</summary>
public sealed record TinyJob(int Epochs = 2, int Batch = 37, int Shards = 8, int MinWorkers = 1, int MaxWorkers = 8, int Train = 211, int Test = 53)
{
    public string Write(string folder)
    {
        var data = Path.Combine(folder, $"data-{Train}-{Test}");
        if (!Directory.Exists(data))
        {
            TinyImages.Write(data, Train, Test, seed: 20261123);
        }

        var file = Path.Combine(folder, $"job-{Guid.NewGuid():n}.yaml");
        File.WriteAllText(file, $"""
            name: tiny
            model:
              zoo: lenet
            data:
              idx:
                train_images: {data}/train-images
                train_labels: {data}/train-labels
                test_images: {data}/t10k-images
                test_labels: {data}/t10k-labels
            training:
              epochs: {Epochs}
              batch_size: {Batch}
              shards: {Shards}
              seed: 3
              optimizer:
                sgd:
                  lr: 0.9
            cluster:
              min_workers: {MinWorkers}
              max_workers: {MaxWorkers}
            """);
        return file;
    }
}
