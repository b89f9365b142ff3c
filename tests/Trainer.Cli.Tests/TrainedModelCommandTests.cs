using SkiaSharp;
using Trainer.Cli.Tests.Fakes;
using Trainer.Kernels;
using Trainer.Kernels.Formats;
using Trainer.Protos;

namespace Trainer.Cli.Tests;

/// <summary>trainer evaluate and predict.</summary>
public sealed class TrainedModelCommandTests : TrainedModelTests
{
    [Fact]
    public async Task Evaluate_measures_a_file_of_weights_on_the_jobs_test_images()
    {
        var text = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "--threads", "1");
        var json = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "-o", "json");

        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.Matches(@"images +5\n +loss +2\.0001\n +accuracy +80\.0 %\n", text.Output);
        var result = json.JsonLines.Single();
        Assert.Equal((5, 0.8), ((int)result["images"]!, (double)result["accuracy"]!));
        // Four are right, one is wrong by the whole steepness.
        Assert.Equal((Steepness / 5) + Math.Log(1 + (2 * Math.Exp(-Steepness))), (double)result["loss"]!, 5);
    }

    [Fact]
    public async Task Evaluate_says_how_each_class_fares_and_what_is_taken_for_what()
    {
        var text = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"]);
        var json = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "-o", "json");
        var csv = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "--csv");
        var both = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "--csv", "-o", "json");

        Assert.Contains(
            "CLASS  IMAGES  PRECISION  RECALL   F1       TAKEN FOR\n0      2       100.0 %    100.0 %  100.0 %  -\n1      1       50.0 %     100.0 %  66.7 %   -\n2      2       100.0 %    50.0 %   66.7 %   1 (1)\n",
            text.Output, StringComparison.Ordinal);
        Assert.EndsWith($"{Home["images"]}, image 3  2   1          10.0001\n", text.Output, StringComparison.Ordinal);
        var result = json.JsonLines.Single();
        Assert.Equal((0.5, 1.0), ((double)result["classes"]![2]!["recall"]!, (double)result["classes"]![2]!["precision"]!));
        Assert.Equal((3, 2, 1), ((int)result["mistakes"]![0]!["image"]!, (int)result["mistakes"]![0]!["label"]!, (int)result["mistakes"]![0]!["predicted"]!));
        Assert.Equal($"class,images,precision,recall,f1,0,1,2\n0,2,1,1,1,2,0,0\n1,1,0.5,1,{2 / 3.0:R},0,1,0\n2,2,1,0.5,{2 / 3.0:R},0,1,1\n", csv.Output);
        Assert.Contains("--csv and --output json are two forms of the same: give one of them.", both.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predict_takes_pictures_and_the_names_that_the_weights_have()
    {
        Directory.CreateDirectory(Home["photos"]);
        for (var white = 0; white < Classes; white++)
        {
            using var bitmap = new SKBitmap(Classes, 1, SKColorType.Rgba8888, SKAlphaType.Opaque);
            bitmap.Erase(SKColors.Black);
            bitmap.SetPixel(white, 0, SKColors.White);
            using var file = File.Create(Home[$"photos/{white}.png"]);
            bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
        }

        WriteWeights(facts: new ArtifactFacts(["cat", "dog, brown", "owl"], new Shape(1, 1, Classes)));
        File.Delete(Home["images"]); // The file knows all that is needed.
        var text = await RunAsync("predict", Home["weights"], Home["photos"], "--job", Home["job.yaml"], "--top", "2", "--threads", "1");
        var json = await RunAsync("predict", Home["weights"], Home["photos/2.png"], "--job", Home["job.yaml"], "-o", "json");
        var missing = await RunAsync("predict", Home["weights"], Home["cat.jpg"], "--job", Home["job.yaml"]);

        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.Matches($@"^IMAGE +CLASS +PROBABILITY\n{Home["photos"]}/0\.png +cat +0\.9999\n +dog, brown +0\.0000\n{Home["photos"]}/1\.png +dog, brown +0\.9999\n", text.Output);
        var line = json.JsonLines.Single();
        Assert.Equal((2, "owl", 3), ((int)line["class"]!, (string)line["name"]!, line["top"]!.AsArray().Count));
        Assert.Equal(Home["photos/2.png"], (string)line["file"]!);
        Assert.Equal((1, $"{Home["cat.jpg"]}: is not there; expected a picture, or a folder of pictures\n"), (missing.ExitCode, missing.Errors));
    }

    [Fact]
    public async Task Data_without_test_images_says_so_and_what_can_be_given()
    {
        Directory.CreateDirectory(Home["photos/cat"]);
        using (var bitmap = new SKBitmap(Classes, 1, SKColorType.Rgba8888, SKAlphaType.Opaque))
        {
            using var file = File.Create(Home["photos/cat/0.png"]);
            bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
        }

        File.WriteAllText(Home["job.yaml"], Job("[flatten: {}, linear: {out_features: 3}]").Replace(
            "idx: {train_images: images, train_labels: labels, test_images: images, test_labels: labels}", "image_folder: {path: photos}\n  validation: {samples: 1}", StringComparison.Ordinal));

        foreach (var command in new[] { "evaluate", "predict" })
        {
            var run = await RunAsync(command, Home["weights"], "--job", Home["job.yaml"]);

            Assert.Equal(
                (1, $"{Home["job.yaml"]} has no test images that can be used: data: has no test set.\nGive others: --images FILE (to evaluate them, with --labels FILE), or, to predict, pictures in files and folders.\n"),
                (run.ExitCode, run.Errors));
        }
    }

    [Fact]
    public async Task Evaluate_leaves_out_what_the_loss_ignores()
    {
        // The fourth image, whose label is wrong, and the second have label 2.
        File.AppendAllText(Home["job.yaml"], "\n  loss: {cross_entropy: {ignore_index: 2}}\n");
        var some = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "-o", "json");
        WriteLabels("labels", [3, 1, 2, 3, 1]);
        File.WriteAllText(Home["job.yaml"], Job("[flatten: {}, linear: {out_features: 3}]").Replace("  idx:", "  label_offset: 1\n  idx:", StringComparison.Ordinal));
        var shifted = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "-o", "json");

        Assert.Equal((5, 1.0), ((int)some.JsonLines.Single()["images"]!, (double)some.JsonLines.Single()["accuracy"]!));
        Assert.Equal((0, 0.4), (shifted.ExitCode, (double)shifted.JsonLines.Single()["accuracy"]!));
    }

    [Fact]
    public async Task What_is_not_finite_is_a_word_in_json()
    {
        WriteWeights(factor: float.NaN);
        var evaluated = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "-o", "json");
        var predicted = await RunAsync("predict", Home["weights"], "--job", Home["job.yaml"], "--limit", "1", "-o", "json");

        Assert.Equal((0, "NaN"), (evaluated.ExitCode, (string)evaluated.JsonLines.Single()["loss"]!));
        Assert.Equal((0, "NaN"), (predicted.ExitCode, (string)predicted.JsonLines.Single()["probability"]!));
    }

    [Fact]
    public async Task Evaluate_takes_a_job_of_the_cluster_and_other_images()
    {
        Api.Jobs.Add(Succeeded());
        WriteImages("more", [2, 2]);
        WriteLabels("more-labels", [2, 2]);

        var run = await RunAsync("evaluate", "lenet-3f2a", "--images", Home["more"], "--labels", Home["more-labels"], "-o", "json");

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal((2, 1.0), ((int)run.JsonLines.Single()["images"]!, (double)run.JsonLines.Single()["accuracy"]!));
    }

    [Fact]
    public async Task Predict_says_a_class_for_each_image()
    {
        var text = await RunAsync("predict", Home["weights"], "--job", Home["job.yaml"], "--limit", "2");
        var json = await RunAsync("predict", Home["weights"], "--job", Home["job.yaml"], "--images", Home["images"], "-o", "json");

        Assert.Equal("IMAGE  CLASS  PROBABILITY\n0      0      0.9999\n1      2      0.9999\n", text.Output);
        Assert.Equal([0, 2, 1, 1, 0], json.JsonLines.Select(line => (int)line["class"]!));
        Assert.All(json.JsonLines, line => Assert.Equal(1 / (1 + (2 * Math.Exp(-Steepness))), (double)line["probability"]!, 6));
    }

    [Fact]
    public async Task Images_of_another_form_are_refused_with_both()
    {
        Api.Jobs.Add(Succeeded());
        Api.Jobs[0].Result.Input.Add([3, 1, Classes]);

        var colour = await RunAsync("predict", "lenet-3f2a", "--images", Home["images"]);
        var other = await RunAsync("predict", Home["weights"], "--job", Home["job.yaml"], "--images", ImagesOf(2));

        Assert.Equal(
            (1, $"{Home["images"]}: the images are 1x1x3 (gray); lenet-3f2a was trained on 3x1x3 (colour).\n"
                + "Give images of that form: an IDX file with the dimensions (N, C, H, W), or (N, H, W) for gray ones.\n"),
            (colour.ExitCode, colour.Errors));
        Assert.StartsWith($"{Home["narrow"]}: the images are 1x1x2 (gray); {Home["job.yaml"]} was trained on 1x1x3 (gray).\n", other.Errors);

        string ImagesOf(byte width)
        {
            File.WriteAllBytes(Home["narrow"], [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, width, .. new byte[width]]);
            return Home["narrow"];
        }
    }

    [Fact]
    public async Task Files_of_another_kind_are_told_by_their_content()
    {
        File.WriteAllBytes(Home["photo.png"], [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13]);

        var weights = await RunAsync("predict", Home["photo.png"], "--job", Home["job.yaml"]);
        var images = await RunAsync("predict", Home["weights"], "--job", Home["job.yaml"], "--images", Home["photo.png"]);
        var folder = await RunAsync("predict", Home["weights"], "--job", Home["job.yaml"], "--images", Home.Path);

        Assert.Equal((1, $"{Home["photo.png"]}: is a PNG image; expected safetensors\n"), (weights.ExitCode, weights.Errors));
        Assert.Equal(
            (1, $"{Home["photo.png"]}: is a PNG image (magic number 89504e47 at offset 0); expected IDX (00000803 or 00000804)\n"),
            (images.ExitCode, images.Errors));
        Assert.Equal((1, $"{Home.Path}: is a folder; expected a regular file\n"), (folder.ExitCode, folder.Errors));
    }

    [Fact]
    public async Task What_is_missing_is_said()
    {
        var running = SampleJobs.Running(1, 9);
        Api.Jobs.Add(running);

        var verifier = new Job(running) { Id = "verifier", State = JobState.Succeeded, Verification = new Verification { Job = running.Id } };
        Api.Jobs.Add(verifier);
        var verified = await RunAsync("export", verifier.Id, "--to", Home["model.onnx"]);
        Assert.Equal((1, $"Job verifier has no weights: it verifies job {running.Id}.\nTake those of job {running.Id}.\n"), (verified.ExitCode, verified.Errors));
        var unfinished = await RunAsync("evaluate", running.Id);
        var unknown = await RunAsync("predict", "nobody");
        var noJob = await RunAsync("evaluate", Home["weights"]);
        var noFile = await RunAsync("evaluate", Home["nothing"], "--job", Home["job.yaml"]);

        Assert.Equal((1, $"Job {running.Id} has no weights: it is running.\nTake those of a checkpoint: --checkpoint best, last or a step of: trainer checkpoints {running.Id}\n"), (unfinished.ExitCode, unfinished.Errors));
        Assert.Equal((1, "There is no job 'nobody'.\n"), (unknown.ExitCode, unknown.Errors));
        Assert.Equal(
            (2, $"{Home["weights"]} is a file of weights, which do not say what model they are of.\nGive the job file with --job.\n"),
            (noJob.ExitCode, noJob.Errors));
        Assert.Equal((1, $"There are no weights in {Home["nothing"]}: no such file.\n"), (noFile.ExitCode, noFile.Errors));
    }

    [Fact]
    public async Task Weights_of_another_model_and_labels_beyond_its_classes_are_refused()
    {
        File.WriteAllText(Home["other.yaml"], Job("[flatten: {}, {name: head, linear: {out_features: 3}}]"));
        WriteLabels("high", [0, 1, 2, 3, 0]);

        var other = await RunAsync("evaluate", Home["weights"], "--job", Home["other.yaml"]);
        var high = await RunAsync("evaluate", Home["weights"], "--job", Home["job.yaml"], "--images", Home["images"], "--labels", Home["high"]);

        Assert.Equal((1, $"{Home["weights"]}: has no head.bias, head.weight, which the model has (strict)\n"), (other.ExitCode, other.Errors));
        Assert.Equal((1, "The model knows 3 classes; the data's labels go up to 3 and need 4.\n"), (high.ExitCode, high.Errors));
    }
}
