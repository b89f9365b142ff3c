namespace Trainer.Cluster.Tests.Jobs;

/// <summary>A LeNet job on <see cref="TinyImages"/> that trains in a second or, with many epochs, until it is stopped.</summary>
public sealed record TinyJob(int Epochs = 2, int Batch = 37, int Shards = 8, int MinWorkers = 1, int MaxWorkers = 8, int Train = 211, int Test = 53)
{
    /// <summary>The model section's content.</summary>
    public string Model { get; init; } = "zoo: lenet";

    public int Priority { get; init; }

    /// <summary>The kind of device that its workers must have.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>More of the data section.</summary>
    public string Transforms { get; init; } = "shuffle: true";

    /// <summary>How often its state is written to disk beside training.</summary>
    public int CheckpointSeconds { get; init; } = 60;

    /// <summary>The training section behind batch, shards and seed.</summary>
    public string Recipe { get; init; } = "optimizer: {sgd: {lr: 0.9}}";

    /// <summary>
    /// Whatever depends on how a batch is divided, in one job: batch norm in a residual block, dropout, a concatenation, a weighted loss, clipping, a schedule, Adam,
    /// resized images and a validation split, evaluated within epochs, and averaged weights whose statistics are estimated. One batch norm has 8 groups of 2 shards, the other takes the whole batch for one.
    /// </summary>
    public static TinyJob Everything(int workers) => new(Epochs: 2, Batch: 256, Shards: 16, workers, workers, Train: 599)
    {
        Model = """
            layers:
              - conv2d: {out_channels: 5, kernel_size: 3}
              - batch_norm2d: {}
              - relu: {}
              - residual: {layers: [{conv2d: {out_channels: 5, kernel_size: 3, auto_padding: same}}, {batch_norm2d: {momentum: 0.3, sync: true}}]}
              - relu: {}
              - concat: {branches: [{layers: []}, {layers: [{conv2d: {out_channels: 3, kernel_size: 1}}, {gelu: {}}]}, {layers: [{max_pool2d: {kernel_size: 3, stride: 1, padding: 1}}]}]}
              - dropout2d: {p: 0.2}
              - group_norm: {num_groups: 13}
              - adaptive_avg_pool2d: {output_size: [2, 3]}
              - flatten: {}
              - dropout: {p: 0.4}
              - linear: {out_features: 10}
            """,
        Transforms = """
            resize: [9, 11]
            normalize: {mean: 0.28, std: 0.35}
            validation: {samples: 36}
            """,
        Recipe = """
            optimizer: {adam: {lr: 0.01}}
            loss: {cross_entropy: {class_weights: [1, 2, 1, 1, 3, 1, 1, 0.5, 1, 1], ignore_index: 6, label_smoothing: 0.1}}
            clip_grad_norm: 0.7
            schedule: {cosine: {}, warmup: {steps: 2}}
            evaluate_every_steps: 2
            averaging: {swa: {start_epoch: 2}}
            parameter_groups: [{pattern: "*.bias", weight_decay: 0.1}]
            """,
    };

    public string Write(string folder)
    {
        var data = Path.Combine(folder, $"data-{Train}-{Test}");
        if (!Directory.Exists(data))
        {
            TinyImages.Write(data, Train, Test, seed: 20261123);
        }

        var file = Path.Combine(folder, $"job-{Guid.NewGuid():n}.yaml");
        var checkpoint = $"{{every_seconds: {CheckpointSeconds}}}";
        File.WriteAllText(file, $"""
            name: tiny
            model:
              {Indent(Model)}
            data:
              idx:
                train_images: {data}/train-images
                train_labels: {data}/train-labels
                test_images: {data}/t10k-images
                test_labels: {data}/t10k-labels
              {Indent(Transforms)}
            training:
              epochs: {Epochs}
              batch_size: {Batch}
              shards: {Shards}
              seed: 3
              {Indent(Recipe)}
            cluster:
              min_workers: {MinWorkers}
              max_workers: {MaxWorkers}
              priority: {Priority}
              device: {Device}
              checkpoint: {checkpoint}
            """);
        return file;
    }

    private static string Indent(string section) => section.TrimEnd().ReplaceLineEndings("\n  ");
}
