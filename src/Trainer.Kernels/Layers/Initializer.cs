using Trainer.Kernels.Randomness;

namespace Trainer.Kernels.Layers;

/// <summary>How weights get their first values, as a user names it.</summary>
public enum WeightInit
{
    /// <summary>PyTorch's default: He et al. 2015 (arXiv:1502.01852) with a = sqrt(5), which comes to +-1 / sqrt(fan_in).</summary>
    KaimingUniform,

    /// <summary>Glorot and Bengio 2010, eq. 16: +-sqrt(6 / (fan_in + fan_out)).</summary>
    XavierUniform,
}

/// <summary>Where a parameter's first values come from.</summary>
public abstract record Initializer
{
    /// <summary>For weights of <paramref name="fanIn"/> inputs to each output and <paramref name="fanOut"/> outputs from each input.</summary>
    public static Initializer Weights(WeightInit kind, long fanIn, long fanOut) => kind switch
    {
        WeightInit.KaimingUniform => new Uniform((float)(1 / Math.Sqrt(fanIn))),
        WeightInit.XavierUniform => new Uniform((float)Math.Sqrt(6.0 / (fanIn + fanOut))),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such initialiser."),
    };

    /// <summary>PyTorch's default for biases of layers with <paramref name="fanIn"/> inputs to each output.</summary>
    public static Initializer Bias(long fanIn) => new Uniform((float)(1 / Math.Sqrt(fanIn)));

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
