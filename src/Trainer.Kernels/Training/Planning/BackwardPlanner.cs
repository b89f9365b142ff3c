using Trainer.Kernels.Layers;

namespace Trainer.Kernels.Training.Planning;

/// <summary>
/// Which layers run backward, in which order, and where gradients lie. Each reader of a variable contributes to its gradient in the order in which readers run
/// backward: a layer writes its dx plus what was contributed before it; a sum contributes its own gradient as it is, a
/// concatenation a part of its own.
/// The last contribution is multiplied by the derivative of the activation that made the variable.
/// </summary>
internal sealed class BackwardPlanner
{
    private readonly Func<long, Place> _newBuffer;
    private readonly List<Operation> _operations = [];
    private readonly Dictionary<Variable, Gradient> _gradients = [];

    /// <param name="forward">What runs forward.</param>
    /// <param name="newBuffer">Makes a buffer of some elements per sample.</param>
    public BackwardPlanner(ForwardPlanner forward, Func<long, Place> newBuffer)
    {
        _newBuffer = newBuffer;
        OutputGradient = newBuffer(forward.Output.Elements);
        Contribute(forward.Output, OutputGradient, isExclusive: true);
        foreach (var item in forward.Events.Reverse())
        {
            if (item is Operation { Y.IsTrained: true } operation)
            {
                Plan(operation);
            }
            else if (item is Variable { IsTrained: true } concatenation)
            {
                Plan(concatenation);
            }
        }
    }

    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Where the loss writes its gradient.</summary>
    public Place OutputGradient { get; }

    private void Plan(Operation operation)
    {
        var (dy, isExclusive) = Finish(operation.Y!);
        operation.Dy = dy;
        if (operation.Layer is Sum)
        {
            Contribute(operation.X!, dy, isExclusive && operation.Addend is null);
        }
        else if (operation.Layer is Product product)
        {
            Multiply(product, operation.X!, operation.Factor!, dy);
        }
        else
        {
            Contribute(operation.X!, operation);
            _operations.Add(operation);
        }

        if (operation.Addend is { } addend)
        {
            Contribute(addend, dy, isExclusive: false);
        }
    }

    /// <summary>Each side's gradient is an operation of its own: dy times the other side.</summary>
    private void Multiply(Product product, Variable x, Variable factor, Place dy)
    {
        Run(x, new Operation(product, null, 0) { Factor = factor, Dy = dy });
        Run(factor, product.HasGate ? new Operation(product.OfFactor, null, 0) { X = x, Dy = dy } : new Operation(product, null, 0) { Factor = x, Dy = dy });

        void Run(Variable side, Operation gradient)
        {
            if (side.IsTrained)
            {
                Contribute(side, gradient);
                _operations.Add(gradient);
            }
        }
    }

    private void Plan(Variable concatenation)
    {
        var (whole, isExclusive) = Finish(concatenation);
        foreach (var part in concatenation.Parts)
        {
            Contribute(part, whole with { Offset = whole.Offset + part.Part!.Value.Offset, Elements = part.Elements }, isExclusive);
        }
    }

    /// <summary>A layer's dx.</summary>
    private void Contribute(Variable x, Operation reader)
    {
        if (x.IsTrained)
        {
            var gradient = GradientOf(x);
            (reader.Dx, reader.DxAddend) = (Target(x, gradient), gradient.Sum);
            (gradient.Sum, gradient.IsExclusive, gradient.Last) = (reader.Dx, true, reader);
        }
    }

    /// <summary>What lies somewhere already; exclusive: nobody else reads it later, so that it may be added to.</summary>
    private void Contribute(Variable x, Place place, bool isExclusive)
    {
        if (!x.IsTrained)
        {
            return;
        }

        var gradient = GradientOf(x);
        if (gradient.Sum is null)
        {
            (gradient.Sum, gradient.IsExclusive) = (place, isExclusive);
        }
        else
        {
            Add(x, gradient, place, gradient.Sum);
        }
    }

    /// <summary>All readers have contributed: where the gradient lies, and whether it may be changed there.</summary>
    private (Place Place, bool IsExclusive) Finish(Variable x)
    {
        var gradient = GradientOf(x);
        if (!x.MadeBy.IsNone)
        {
            if (gradient.Last is null)
            {
                Add(x, gradient, gradient.Sum!.Value, null);
            }

            gradient.Last!.Previous = (x.MadeBy, x);
        }

        return (gradient.Sum!.Value, gradient.IsExclusive);
    }

    private void Add(Variable x, Gradient gradient, Place dy, Place? addend)
    {
        var sum = new Operation(Sum.Instance, null, 0) { Dy = dy, DxAddend = addend, Dx = Target(x, gradient) };
        _operations.Add(sum);
        (gradient.Sum, gradient.IsExclusive, gradient.Last) = (sum.Dx, true, sum);
    }

    private Place Target(Variable x, Gradient gradient) => gradient is { IsExclusive: true, Sum: { } sum } ? sum : _newBuffer(x.Elements);

    private Gradient GradientOf(Variable x)
    {
        if (!_gradients.TryGetValue(x, out var gradient))
        {
            _gradients[x] = gradient = new Gradient();
        }

        return gradient;
    }

    /// <summary>What has been contributed to a variable's gradient so far, and the last operation that wrote it, if one did.</summary>
    private sealed class Gradient
    {
        public Place? Sum { get; set; }

        public bool IsExclusive { get; set; }

        public Operation? Last { get; set; }
    }
}
