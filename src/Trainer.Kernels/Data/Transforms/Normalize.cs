using Trainer.Kernels.Schema;

namespace Trainer.Kernels.Data.Transforms;

/// <summary>(v - mean) / std per channel, pixels being 0 to 1, as torchvision.transforms.Normalize.</summary>
/// <param name="Mean">One for all channels or one for each.</param>
/// <param name="Std">As many as means.</param>
[Kind("normalize")]
public sealed record Normalize(IReadOnlyList<double> Mean, IReadOnlyList<double> Std) : TensorTransform
{
    private readonly ImageTransform _transform = new(Mean: Mean, Std: Std);

    public override PictureForm After(PictureForm form)
    {
        _transform.OutputShape(new Shape(form.Channels, 1, 1));
        return form;
    }

    public override void Apply(Span<float> planes, Shape shape, ref Draws draws) => _transform.Normalize(planes, shape[0]);
}
