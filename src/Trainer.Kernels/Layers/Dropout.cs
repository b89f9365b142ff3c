using Trainer.Kernels.Devices;
using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Layers;

/// <summary>In training each element is dropped with probability p, and what is kept grows by 1 / (1 - p): Srivastava et al. 2014. In evaluation y = x.</summary>
/// <remarks>
/// Which elements are kept is a function of seed, step, layer, the sample's position in the global batch and the element
/// (<see cref="DropoutDraw"/>), so it is the same on any number of workers and is not stored for the way back.
/// </remarks>
[Kind("dropout")]
public class Dropout(double p = 0.5) : Layer
{
    public double P { get; } = p;

    private protected virtual bool PerChannel => false;

    public override Shape OutputShape(Shape input)
    {
        LayerException.CheckBetween(0, 1, P, "p");
        return input;
    }

    public override void Forward(LayerContext context)
    {
        if (context.Slice is { } slice && P > 0)
        {
            var (channels, pixels) = Extent(context.Input);
            context.Device.Elementwise.DropoutForward(Draw(context), channels, pixels, slice, context.X, context.Y);
        }
        else
        {
            context.Device.Elementwise.Add(context.Input.Elements, context.Samples, context.X, OutputEpilogue.None, context.Y);
        }
    }

    public override void Backward(LayerContext context)
    {
        if (context.Dx.IsEmpty)
        {
            return;
        }

        if (P > 0)
        {
            var (channels, pixels) = Extent(context.Input);
            context.Device.Elementwise.DropoutBackward(Draw(context), channels, pixels, context.Training, context.Dy, context.DxEpilogue, context.Dx);
        }
        else
        {
            context.Device.Elementwise.AddBackward(context.Input.Elements, context.Samples, context.Dy, context.DxEpilogue, context.Dx);
        }
    }

    internal override string ToOnnx(OnnxContext context, string x) => x;

    private static (int Channels, int Pixels) Extent(Shape input) =>
        input.Rank == 3 ? (input[0], input[1] * input[2]) : (checked((int)input.Elements), 1);

    private DropoutDraw Draw(LayerContext context) => new(P, context.Seed, context.Index, context.Step, PerChannel);
}

/// <summary><see cref="Dropout"/> of whole channels: Tompson et al. 2015 (arXiv:1411.4280), section 3.2.</summary>
[Kind("dropout2d")]
public sealed class Dropout2d(double p = 0.5) : Dropout(p)
{
    private protected override bool PerChannel => true;

    public override Shape OutputShape(Shape input)
    {
        Windows.CheckImage(Kind, input);
        return base.OutputShape(input);
    }
}
