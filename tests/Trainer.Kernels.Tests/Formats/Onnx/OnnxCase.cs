using Microsoft.ML.OnnxRuntime;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Formats.Onnx;

/// <summary>A model with random weights and statistics, run by our CPU device and, from its ONNX file, by ONNX Runtime.</summary>
internal static class OnnxCase
{
    private const double Tolerance = 1e-4;

    // One file and one session serve both: the batch is open.
    private static readonly int[] Batches = [1, 7];

    public static void MustAgree(string what, Model model)
    {
        using var device = CpuDevice.Create(2);
        using var network = new Network(model, device, new Sgd(1), new NetworkOptions(Batches.Max(), Training: false));
        network.Initialize(seed: 11);
        Unsettle(network);
        using var folder = new TemporaryFolder();
        var file = folder.File("model.onnx");
        OnnxFile.Write(file, model, network.Weights.ToArray());
        using var options = new SessionOptions { IntraOpNumThreads = 2, InterOpNumThreads = 1 };
        using var session = new InferenceSession(file, options);
        foreach (var batch in Batches)
        {
            var images = TestData.Values(batch * (int)model.Input.Elements, seed: (ulong)batch);
            images.CopyTo(network.Input);
            network.Infer(batch);
            MustAgree($"{what}, batch {batch}", network.Output, Run(session, model, batch, images));
        }
    }

    public static float[] Run(InferenceSession session, Model model, int batch, float[] images)
    {
        long[] shape = [batch, .. model.Input.Dimensions.Select(dimension => (long)dimension)];
        using var input = OrtValue.CreateTensorValueFromMemory(images, shape);
        using var run = new RunOptions();
        using var outputs = session.Run(run, [OnnxFile.InputName], [input], [OnnxFile.OutputName]);
        Assert.Equal([batch, .. model.OutputShape.Dimensions.Select(dimension => (long)dimension)], outputs[0].GetTensorTypeAndShape().Shape);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>Weights and statistics as after some training: nothing is 0 or 1, no two channels are alike.</summary>
    private static void Unsettle(Network network)
    {
        foreach (var slot in network.Layout.Slots.Where(slot => slot.Shape.Rank == 1))
        {
            var noise = TestData.Values(slot.Elements, seed: (ulong)slot.Offset, bound: 0.3f);
            var values = network.EditWeights().Slice(slot.Offset, slot.Elements);
            for (var i = 0; i < noise.Length; i++)
            {
                values[i] += noise[i];
            }
        }
    }

    private static void MustAgree(string what, ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs)
    {
        Assert.Equal(theirs.Length, ours.Length);
        for (var i = 0; i < ours.Length; i++)
        {
            if (!(Math.Abs(ours[i] - theirs[i]) <= Tolerance * Math.Max(1, Math.Abs(theirs[i]))))
            {
                Assert.Fail($"{what}: output {i} of {ours.Length} is {ours[i]:R}; ONNX Runtime has {theirs[i]:R}.");
            }
        }
    }
}
