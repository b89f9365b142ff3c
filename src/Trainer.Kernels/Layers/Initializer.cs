using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Layers;

/// <summary>How weights get their first values, as torch.nn.init has it.</summary>
public enum WeightInitKind
{
    /// <summary>PyTorch's default: He et al. 2015 (arXiv:1502.01852) with a = sqrt(5), which comes to +-1 / sqrt(fan_in).</summary>
    KaimingUniform,

    /// <summary>Glorot and Bengio 2010, eq. 16: +-sqrt(6 / (fan_in + fan_out)).</summary>
    XavierUniform,

    /// <summary>He et al. 2015, eq. 10, for relu: standard deviation sqrt(2 / fan_in).</summary>
    KaimingNormal,

    /// <summary>Glorot and Bengio 2010, eq. 12: standard deviation sqrt(2 / (fan_in + fan_out)).</summary>
    XavierNormal,

    /// <summary>Of a given mean and standard deviation.</summary>
    Normal,

    Constant,
}

/// <summary>What a layer's weights start as.</summary>
public sealed record WeightInit(WeightInitKind Kind)
{
    public static WeightInit KaimingUniform { get; } = new(WeightInitKind.KaimingUniform);

    public static WeightInit XavierUniform { get; } = new(WeightInitKind.XavierUniform);

    public static WeightInit KaimingNormal { get; } = new(WeightInitKind.KaimingNormal);

    public static WeightInit XavierNormal { get; } = new(WeightInitKind.XavierNormal);

    /// <summary>Of <see cref="WeightInitKind.Normal"/>.</summary>
    public double Mean { get; init; }

    /// <summary>Of <see cref="WeightInitKind.Normal"/>: the standard deviation.</summary>
    public double Std { get; init; } = 1;

    /// <summary>Of <see cref="WeightInitKind.Constant"/>.</summary>
    public double Value { get; init; }

    public static WeightInit Normal(double mean, double std) => new(WeightInitKind.Normal) { Mean = mean, Std = std };

    public static WeightInit Constant(double value) => new(WeightInitKind.Constant) { Value = value };
}

/// <summary>Where a parameter's first values come from.</summary>
public abstract record Initializer
{
    /// <summary>For weights of <paramref name="fanIn"/> inputs to each output and <paramref name="fanOut"/> outputs from each input.</summary>
    public static Initializer Weights(WeightInit init, long fanIn, long fanOut) => init.Kind switch
    {
        WeightInitKind.KaimingUniform => new Uniform((float)(1 / Math.Sqrt(fanIn))),
        WeightInitKind.XavierUniform => new Uniform((float)Math.Sqrt(6.0 / (fanIn + fanOut))),
        WeightInitKind.KaimingNormal => new Normal(0, (float)Math.Sqrt(2.0 / fanIn)),
        WeightInitKind.XavierNormal => new Normal(0, (float)Math.Sqrt(2.0 / (fanIn + fanOut))),
        WeightInitKind.Normal => new Normal((float)init.Mean, (float)init.Std),
        WeightInitKind.Constant => new Constant((float)init.Value),
        _ => throw new ArgumentOutOfRangeException(nameof(init), init, "No such initialiser."),
    };

    /// <summary>Of biases of layers with <paramref name="fanIn"/> inputs to each output; PyTorch's default where nothing else is asked for.</summary>
    public static Initializer Bias(WeightInit? init, long fanIn, long fanOut) => Weights(init ?? WeightInit.KaimingUniform, fanIn, fanOut);

    /// <param name="values">The whole parameter.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="parameter">Index of the parameter in the model, in layer order.</param>
    public abstract void Fill(Span<float> values, ulong seed, int parameter);
}

/// <summary>Uniform in [-Bound, Bound).</summary>
public sealed record Uniform(float Bound) : Initializer
{
    public override void Fill(Span<float> values, ulong seed, int parameter) =>
        Philox.FillUniform(values, Bound, seed, (uint)parameter, RandomPurpose.InitialWeights);
}

/// <summary>Normal distribution.</summary>
public sealed record Normal(float Mean, float Std) : Initializer
{
    public override void Fill(Span<float> values, ulong seed, int parameter) =>
        Philox.FillNormal(values, Mean, Std, seed, (uint)parameter, RandomPurpose.InitialWeights);
}

/// <summary>The same value everywhere.</summary>
public sealed record Constant(float Value) : Initializer
{
    public override void Fill(Span<float> values, ulong seed, int parameter) => values.Fill(Value);
}
