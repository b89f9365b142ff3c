namespace Trainer.Kernels.Arithmetic;

/// <summary>An <see cref="UpdateRun"/> at its place in the buffers, with what follows from its settings worked out once.</summary>
/// <remarks>Kernels of a GPU read it too: it may hold no bool.</remarks>
internal readonly struct UpdateStep
{
    private readonly int _isFirst;
    private readonly int _isNesterov;
    private readonly int _isCentered;

    public UpdateStep(in UpdateRun run, long first, float scale)
    {
        (Rule, First, Elements, Scale) = (run.Rule, first, run.Elements, run.Rule == UpdateRule.Average ? 1 : scale);
        (LearningRate, Momentum, WeightDecay, Eps) = (run.LearningRate, run.Momentum, run.WeightDecay, run.Eps);
        (StateBuffers, InitialSquare, AverageShare) = (run.StateBuffers, run.InitialSquare, run.AverageShare);
        (Undampened, _isFirst, _isNesterov) = (1 - run.Dampening, run.Step == 1 ? 1 : 0, run.Nesterov ? 1 : 0);
        _isCentered = run.Centered ? 1 : 0;
        if (run.Rule is UpdateRule.Adam or UpdateRule.AdamW)
        {
            var (beta1, beta2, rate) = (AsWritten(run.Beta1), AsWritten(run.Beta2), AsWritten(run.LearningRate));
            (Beta2, Rest1, Rest2) = ((float)beta2, (float)(1 - beta1), (float)(1 - beta2));
            LearningRate = (float)(rate / (1 - Power(beta1, run.Step)));
            RootCorrection2 = (float)Math.Sqrt(1 - Power(beta2, run.Step));
            WeightDecay = run.Rule == UpdateRule.Adam ? run.WeightDecay : (float)(rate * run.WeightDecay);
        }
        else if (run.Rule == UpdateRule.RmsProp)
        {
            (Beta2, Rest2) = (run.Beta2, (float)(1 - AsWritten(run.Beta2)));
        }
    }

    public UpdateRule Rule { get; }

    public long First { get; }

    public long Elements { get; }

    public float Scale { get; }

    /// <summary>Of Adam: divided by 1 - beta1^t.</summary>
    public float LearningRate { get; }

    public float Momentum { get; }

    /// <summary>Of AdamW: times the learning rate.</summary>
    public float WeightDecay { get; }

    public float Eps { get; }

    public float InitialSquare { get; }

    /// <summary>1 - dampening</summary>
    public float Undampened { get; }

    public bool IsFirst => _isFirst != 0;

    public bool Nesterov => _isNesterov != 0;

    public bool Centered => _isCentered != 0;

    public float Beta2 { get; }

    /// <summary>1 - beta1</summary>
    public float Rest1 { get; }

    /// <summary>1 - beta2</summary>
    public float Rest2 { get; }

    /// <summary>sqrt(1 - beta2^t)</summary>
    public float RootCorrection2 { get; }

    /// <summary>Buffers beside the weights that the rule reads and writes.</summary>
    public int StateBuffers { get; }

    /// <summary>Of the next weights in their average, which is the last buffer; 0: it stays.</summary>
    public float AverageShare { get; }

    /// <summary>A decimal has the seven digits that a float32 tells apart; 1 - 0.999f would be wrong in the fifth.</summary>
    private static double AsWritten(float value) => Math.Abs(value) < 1e6f ? (double)(decimal)value : value;

    /// <summary>By squaring, in a fixed order: the machine's pow may differ from another's in the last bit.</summary>
    private static double Power(double value, long exponent)
    {
        var power = 1.0;
        for (; exponent > 0; exponent >>= 1, value *= value)
        {
            power = (exponent & 1) != 0 ? power * value : power;
        }

        return power;
    }
}
