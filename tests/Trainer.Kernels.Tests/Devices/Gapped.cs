using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;

namespace Trainer.Kernels.Tests.Devices;

/// <summary>
/// Activations whose samples lie a stride apart, with guards between them and around, so that an operation which takes samples for neighbours or
/// writes beyond one is found. Without a gap samples are dense.
/// </summary>
public sealed class Gapped(Device device, int gap) : IDisposable
{
    private const int Before = 5;
    private const int After = 37;
    private const float Guard = -12345.678f;
    private readonly List<(DeviceMemory Memory, int Samples, int Elements)> _tensors = [];

    public Tensor Input(int samples, float[] values)
    {
        var elements = samples == 0 ? 0 : values.Length / samples;
        var tensor = Reserve(samples, elements);
        for (var n = 0; n < samples; n++)
        {
            values.AsSpan(n * elements, elements).CopyTo(tensor.Host[(n * (elements + gap))..]);
        }

        device.Upload(Whole(tensor.Memory));
        return tensor;
    }

    /// <summary>Holds NaN, so that what is not written is found.</summary>
    public Tensor Output(int samples, int elements) => Input(samples, [.. Enumerable.Repeat(float.NaN, samples * elements)]);

    /// <summary>The samples of a tensor without what lies between.</summary>
    public float[] Read(Tensor tensor)
    {
        var (_, samples, elements) = _tensors.Single(entry => entry.Memory == tensor.Memory);
        var values = device.Read(tensor);
        return [.. Enumerable.Range(0, samples).SelectMany(n => values[(n * (elements + gap))..][..elements])];
    }

    public void Dispose()
    {
        foreach (var (memory, samples, elements) in _tensors)
        {
            var host = device.Read(Whole(memory));
            for (var i = 0; i < host.Length; i++)
            {
                var place = i - Before;
                var isSample = place >= 0 && place / (elements + gap) < samples && place % (elements + gap) < elements;
                if (!isSample && host[i] != Guard)
                {
                    Assert.Fail($"Element {place} of {samples} samples of {elements}, {gap} between them, was written.");
                }
            }

            memory.Dispose();
        }
    }

    private static Tensor Whole(DeviceMemory memory) => new(memory, 0, memory.Elements);

    private Tensor Reserve(int samples, int elements)
    {
        var span = Math.Max(0, (samples * (elements + gap)) - gap);
        var memory = device.Allocate(Before + span + After);
        memory.Host.Fill(Guard);
        _tensors.Add((memory, samples, elements));
        return new Tensor(memory, Before, span, gap == 0 ? 0 : elements + gap);
    }
}

/// <summary>The epilogues that operations are tested with.</summary>
public static class LayerEpilogues
{
    public static IReadOnlyList<(Activation Activation, bool Addend)> Outputs { get; } =
        [(Activation.None, false), (Activation.Relu, false), (Activation.None, true), (Activation.Relu, true), (Activation.LeakyRelu(0.1f), true)];

    /// <summary>All of them exact: their derivatives take no transcendental function.</summary>
    public static IReadOnlyList<(Activation Activation, bool Addend)> Gradients { get; } =
    [
        (Activation.None, false), (Activation.Relu, false), (Activation.None, true), (Activation.Relu, true), (Activation.LeakyRelu(0.1f), true),
        (Activation.Sigmoid, false), (Activation.Tanh, true),
    ];
}
