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
    public Tensor Output(int samples, int elements)
    {
        var values = new float[samples * elements];
        values.AsSpan().Fill(float.NaN);
        return Input(samples, values);
    }

    /// <summary>The samples of a tensor without what lies between.</summary>
    public float[] Read(Tensor tensor)
    {
        var (_, samples, elements) = _tensors.Single(entry => entry.Memory == tensor.Memory);
        var (values, dense) = (device.Read(tensor), new float[samples * elements]);
        for (var n = 0; n < samples; n++)
        {
            values.AsSpan(n * (elements + gap), elements).CopyTo(dense.AsSpan(n * elements));
        }

        return dense;
    }

    public void Dispose()
    {
        foreach (var (memory, samples, elements) in _tensors)
        {
            var host = device.Read(Whole(memory)).AsSpan();
            for (var (n, begin) = (0, 0); n <= samples; n++)
            {
                var end = n < samples ? Before + (n * (elements + gap)) : host.Length;
                var written = host[begin..end].IndexOfAnyExcept(Guard);
                Assert.True(written < 0, $"Element {begin + written - Before} of {samples} samples of {elements}, {gap} between them, was written.");
                begin = end + elements;
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
