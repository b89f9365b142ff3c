using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;

namespace Trainer.Kernels.Layers;

/// <summary>What pools with a given output size have in common.</summary>
public abstract class AdaptivePool2d(Size2 outputSize) : Layer
{
    public Size2 OutputSize { get; } = outputSize;

    public override bool TakesEpilogue => true;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckAtLeast(1, OutputSize, "output_size");
        Window.CheckImage(Kind, input);
        return new Shape(input[0], OutputSize.Height, OutputSize.Width);
    }

    internal override void WriteOptions(Utf8JsonWriter json) => json.WriteSize("output_size", OutputSize);

    private protected AdaptivePool2dGeometry Geometry(Shape input) => new(input[0], input[1], input[2], OutputSize.Height, OutputSize.Width);
}
