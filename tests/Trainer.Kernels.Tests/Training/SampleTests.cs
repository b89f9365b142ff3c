using System.Diagnostics;
using Trainer.Kernels.Data;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Tests.Reference;

namespace Trainer.Kernels.Tests.Training;

public class SampleTests
{
    [Fact]
    public async Task The_sample_trains_and_saves_lenet()
    {
        Assert.SkipWhen(KnownDataSet.FashionMnist.Find() is null, "Fashion-MNIST is not installed: trainer data fetch fashion-mnist");
        using var folder = new TemporaryFolder();
        var sample = Path.Combine(AppContext.BaseDirectory, "Trainer.Samples.LeNet.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [sample, "2", "1000"])
        {
            UseShellExecute = false,
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();

        Assert.Equal("", await errors);
        Assert.Equal(0, process.ExitCode);
        Assert.Matches(@"^epoch 1: loss 2\.\d{4}, test accuracy \d+\.\d\d %, \d+ images/s\nepoch 2: .*\nlenet\.safetensors [0-9a-f]{64}\n$", await output);
        Assert.Equal(10, Safetensors.Read(folder.File("lenet.safetensors")).Count);
    }
}
