namespace Trainer.Cli.Tests;

/// <summary>trainer export.</summary>
public sealed class ExportCommandTests : TrainedModelTests
{
    [Fact]
    public async Task Export_writes_onnx_and_safetensors()
    {
        Api.Jobs.Add(Succeeded());

        var onnx = await RunAsync("export", "lenet-3f2a", "--to", Home["model.onnx"], "-o", "json");
        var weights = await RunAsync("export", "lenet-3f2a", "--to", Home["copy.safetensors"], "-o", "json");

        Assert.Equal((0, "", 0, ""), (onnx.ExitCode, onnx.Errors, weights.ExitCode, weights.Errors));
        Assert.Equal((Home["model.onnx"], Home["copy.safetensors"]), ((string)onnx.JsonLines.Single()["onnx"]!, (string)weights.JsonLines.Single()["safetensors"]!));
        Assert.Equal(File.ReadAllBytes(Home["weights"]), File.ReadAllBytes(Home["copy.safetensors"]));
        var content = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(Home["model.onnx"]));
        Assert.All(["Gemm", "1.weight", "pixels from 0 to 1"], word => Assert.Contains(word, content));
    }

    [Fact]
    public async Task Export_writes_the_optimizers_state_where_there_is_one()
    {
        Api.Jobs.Add(Succeeded());

        var without = await RunAsync("export", "lenet-3f2a", "--to", Home["state"], "--format", "optimizer");
        File.WriteAllText(Home["optimizer.safetensors"], "momentum");
        var with = await RunAsync("export", "lenet-3f2a", "--to", Home["state"], "--format", "optimizer", "-o", "json");

        Assert.Equal(
            (1, $"lenet-3f2a has no optimizer state.\nSGD without momentum keeps none.\n"),
            (without.ExitCode, without.Errors));
        Assert.Equal((0, Home["state"]), (with.ExitCode, (string)with.JsonLines.Single()["optimizer"]!));
        Assert.Equal("momentum", File.ReadAllText(Home["state"]));
    }

    [Fact]
    public async Task Export_asks_for_the_format_where_the_files_name_does_not_tell()
    {
        var run = await RunAsync("export", "lenet-3f2a", "--to", Home["model.bin"]);

        Assert.Equal(
            (2, $"{Home["model.bin"]} ends in neither .onnx nor .safetensors.\nSay what to write with --format: onnx, safetensors or optimizer.\n"),
            (run.ExitCode, run.Errors));
    }

    [Fact]
    public async Task Export_to_onnx_needs_no_images_where_the_job_knows_their_form()
    {
        Api.Jobs.Add(Succeeded());
        Api.Jobs[0].Result.Input.Add([1, 1, Classes]);
        Api.Jobs[0].Result.Classes = Classes;
        File.Delete(Home["images"]);

        var run = await RunAsync("export", "lenet-3f2a", "--to", Home["model.onnx"]);

        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.True(File.Exists(Home["model.onnx"]));
    }

    [Fact]
    public async Task What_onnx_cannot_say_is_named()
    {
        File.WriteAllText(Home["odd.yaml"], Job("[adaptive_max_pool2d: {output_size: [1, 2]}, flatten: {}, linear: {out_features: 3}]"));
        WriteWeights(2);

        var run = await RunAsync("export", Home["weights"], "--job", Home["odd.yaml"], "--to", Home["model.onnx"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            $"{Home["odd.yaml"]} cannot be written as ONNX.\n"
            + "  model.layers[0].adaptive_max_pool2d: ONNX has no adaptive_max_pool2d from (1,3) to (1,2), whose windows differ in size\n",
            run.Errors);
        Assert.False(File.Exists(Home["model.onnx"]));
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_is_named()
    {
        var nowhere = await RunAsync("export", Home["weights"], "--job", Home["job.yaml"], "--to", Home["no/such/model.onnx"]);
        var folder = await RunAsync("export", Home["weights"], "--job", Home["job.yaml"], "--to", Home.Path);

        Assert.Equal((1, $"{Home["no/such/model.onnx"]} cannot be written: its folder does not exist.\n"), (nowhere.ExitCode, nowhere.Errors));
        Assert.Equal((1, $"{Home.Path} cannot be written: it is a folder.\n"), (folder.ExitCode, folder.Errors));
    }
}
