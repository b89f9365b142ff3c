using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Layers;

/// <summary>
/// One layer of a network: its options, how shapes and parameters follow from its input, and its mathematics forward and
/// backward. A layer holds no tensors: where they lie on a device is said by a <see cref="LayerContext"/>, so one layer may
/// serve many networks.
/// </summary>
public abstract class Layer : Module
{
    /// <summary>Whether <see cref="Forward"/> applies <see cref="LayerContext.Epilogue"/> to what it writes.</summary>
    public virtual bool TakesEpilogue => false;

    /// <summary>What this layer applies to each element by itself, if that is all it does: the layer before it may take that over.</summary>
    public virtual Activation Activation => Activation.None;

    /// <summary>Whether y is x under another shape, so that there is nothing to compute.</summary>
    public virtual bool IsView => false;

    /// <summary>Whether <see cref="Backward"/> reads x.</summary>
    public virtual bool BackwardReadsInput => false;

    /// <summary>Whether <see cref="Backward"/> reads y.</summary>
    public virtual bool BackwardReadsOutput => false;

    /// <summary>The per-sample shape of y for an x of shape <paramref name="input"/>; checks the options too.</summary>
    /// <exception cref="LayerException">The options or the input do not fit.</exception>
    public abstract Shape OutputShape(Shape input);

    /// <summary>The parameters for an input that <see cref="OutputShape"/> has accepted, in torch.nn's order.</summary>
    public virtual IReadOnlyList<Parameter> Parameters(Shape input) => [];

    /// <summary>The statistics that it keeps, likewise.</summary>
    public virtual IReadOnlyList<Statistic> Statistics(Shape input) => [];

    /// <summary>What <see cref="LayerContext.Saved"/> needs to hold.</summary>
    public virtual SavedSize Saved(Shape input) => default;

    /// <summary>Multiply-adds for one sample, forward; 0 for layers without products.</summary>
    public virtual long MultiplyAdds(Shape input) => 0;

    /// <summary>y from x and the parameters, for the context's samples.</summary>
    public abstract void Forward(LayerContext context);

    /// <summary>Parameter gradients per root and, unless it is empty, dx; both from dy and written (=), never accumulated.</summary>
    public abstract void Backward(LayerContext context);

    /// <summary>What one pixel of y sees of x, for receptive fields.</summary>
    internal virtual SlidingWindow Window(Shape input) => SlidingWindow.Pixel;

    /// <summary>Says this layer in operators of ONNX's opset 17 and returns the name of y.</summary>
    /// <param name="context">Its place in the graph.</param>
    /// <param name="x">The name of x.</param>
    /// <exception cref="ModelException">Opset 17 cannot say it.</exception>
    internal virtual string ToOnnx(OnnxContext context, string x) => throw context.Refuse($"ONNX export has no form for {Kind}");

    internal sealed override Value AddTo(Graph graph, Value input) => graph.Add(this, input);
}

/// <summary>Options or an input that a layer cannot work with. The model that holds the layer adds where it stands.</summary>
public sealed class LayerException(string problem, string? option = null) : Exception(problem)
{
    /// <summary>The option to blame, as a job file names it; null when it is the input.</summary>
    public string? Option { get; } = option;

    internal static void CheckAtLeast(int minimum, int value, string option)
    {
        if (value < minimum)
        {
            throw new LayerException($"{value} is less than {minimum}", option);
        }
    }

    internal static void CheckAtLeast(int minimum, Size2 size, string option)
    {
        CheckAtLeast(minimum, size.Height, option);
        CheckAtLeast(minimum, size.Width, option);
    }

    /// <summary>Refuses NaN too.</summary>
    internal static void CheckBetween(double minimum, double maximum, double value, string option)
    {
        if (!(value >= minimum && value <= maximum))
        {
            throw new LayerException(FormattableString.Invariant($"{value} is not between {minimum} and {maximum}"), option);
        }
    }
}
