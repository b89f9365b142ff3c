namespace Trainer.Cli.JobFiles;

/// <summary>The job file that <c>trainer init</c> writes.</summary>
internal static class StarterJob
{
    /// <param name="name">Of the job.</param>
    /// <param name="network">Of the zoo.</param>
    public static string Text(string name, string network) => $"""
        # A job for `trainer submit`. Every field: docs/job-file.md. For completion in editors: trainer schema > trainer-job.schema.json
        # yaml-language-server: $schema=trainer-job.schema.json
        name: {name}

        model:
          zoo: {network}                # `trainer models` lists the zoo; or `layers:` with a list of layers of your own

        data:
          dataset: fashion-mnist    # or `idx:` with train_images, train_labels, test_images and test_labels, files of your own
          # resize: 32              # bilinear
          # normalize:
          #   mean: 0.2860
          #   std: 0.3530

        training:
          epochs: 10
          batch_size: 256           # samples of one step, on all workers together
          seed: 0                   # the same seed gives the same weights, bit for bit, on any number of workers
          optimizer:
            sgd:
              lr: 0.1
              momentum: 0.9
              weight_decay: 0.0005
          schedule:
            cosine:
            warmup:
              epochs: 1

        # cluster:
        #   max_workers: 4          # default: as many as there are shards of the batch

        """;
}
