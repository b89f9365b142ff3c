using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>A drawn rectangle of one value, as torchvision.transforms.RandomErasing (Zhong et al. 2017, arXiv:1708.04896).</summary>
/// <param name="P">Probability.</param>
/// <param name="Scale">Of its area, in the whole.</param>
/// <param name="Ratio">Of its height to its width.</param>
/// <param name="Value">One for all channels or one for each, in the units of what it erases: behind normalize, 0 is the mean.</param>
[Kind("random_erasing")]
public sealed record RandomErasing(double P = 0.5, IReadOnlyList<double>? Scale = null, IReadOnlyList<double>? Ratio = null, IReadOnlyList<double>? Value = null)
    : TensorTransform
{
    private static readonly double[] StandardScale = [0.02, 0.33];
    private static readonly double[] StandardRatio = [0.3, 3.3];

    public override bool IsRandom => true;

    public override PictureForm After(PictureForm form) => Value is { Count: > 1 } values && values.Count != form.Channels
        ? throw new ArgumentException($"has {values.Count} values for images of {form.Channels} channels; expected 1 or {form.Channels}")
        : form;

    public override void Apply(Span<float> planes, Shape shape, ref Draws draws)
    {
        // Its ratio is of height to width: it is drawn lying on its side.
        if (!draws.Happens(P) || RandomArea.Draw(shape[2], shape[1], Scale ?? StandardScale, Ratio ?? StandardRatio, ref draws, isWithin: true) is not { } lying)
        {
            return;
        }

        var area = new Area(lying.Left, lying.Top, lying.Width, lying.Height);
        for (var c = 0; c < shape[0]; c++)
        {
            var plane = planes.Slice(c * shape[1] * shape[2], shape[1] * shape[2]);
            for (var y = area.Top; y < area.Top + area.Height; y++)
            {
                plane.Slice((y * shape[2]) + area.Left, area.Width).Fill(Value is null ? 0 : (float)Value[c % Value.Count]);
            }
        }
    }
}
