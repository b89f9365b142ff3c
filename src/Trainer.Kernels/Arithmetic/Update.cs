namespace Trainer.Kernels.Arithmetic;

/// <summary>How an <see cref="UpdateRun"/> changes its elements w. g is scale x total, plus weightDecay x w where the rule says so.</summary>
public enum UpdateRule
{
    /// <summary>Nothing changes (frozen parameters).</summary>
    Keep,

    /// <summary>w = fma(momentum, total, (1 - momentum) w): running statistics, whose total is the batch's. Without scale.</summary>
    Average,

    /// <summary>torch.optim.SGD: g += wd w; v = momentum v + (1 - dampening) g (v = g at the first step); g = nesterov ? g + momentum v : v; w -= lr g.</summary>
    Sgd,

    /// <summary>
    /// Kingma and Ba, arXiv:1412.6980, as torch.optim.Adam: g += wd w; m = m + (1 - beta1)(g - m); v = beta2 v + (1 - beta2) g^2;
    /// w -= lr / (1 - beta1^t) x m / (sqrt(v) / sqrt(1 - beta2^t) + eps).
    /// </summary>
    Adam,

    /// <summary>Loshchilov and Hutter, arXiv:1711.05101, as torch.optim.AdamW: w -= lr wd w first; then Adam without weight decay in g.</summary>
    AdamW,

    /// <summary>
    /// Tieleman and Hinton 2012, lecture 6.5, as torch.optim.RMSprop: g += wd w; s = beta2 s + (1 - beta2) g^2; centered: m = m + (1 - beta2)(g - m) and the square less m^2
    /// (less than 0 is a rounding of 0); d = g / (sqrt(s) + eps); momentum: b = momentum b + d, d = b; w -= lr d.
    /// </summary>
    RmsProp,

    /// <summary>
    /// Duchi, Hazan and Singer 2011 (JMLR 12), as torch.optim.Adagrad: g += wd w; s = s + g^2 (at the first step, s before it is the initial value); w -= lr g / (sqrt(s) + eps).
    /// The learning rate has its decay in it.
    /// </summary>
    Adagrad,
}

/// <summary>A run of the flat buffers and how one step changes it. Runs are ascending, touch, and cover the buffer.</summary>
/// <param name="Elements">Length; starts where the run before it ends. Need not be a multiple of anything.</param>
public readonly record struct UpdateRun(UpdateRule Rule, long Elements)
{
    /// <summary>Buffers beside the weights that the rule reads and writes.</summary>
    public int StateBuffers => Rule switch
    {
        UpdateRule.Sgd => Momentum == 0 ? 0 : 1,
        UpdateRule.Adam or UpdateRule.AdamW => 2,
        UpdateRule.Adagrad => 1,
        UpdateRule.RmsProp => 1 + (Momentum == 0 ? 0 : 1) + (Centered ? 1 : 0),
        _ => 0,
    };

    public float LearningRate { get; init; }

    /// <summary>Sgd and RmsProp: of the velocity. Average: the new value's share.</summary>
    public float Momentum { get; init; }

    public float Dampening { get; init; }

    public bool Nesterov { get; init; }

    public float WeightDecay { get; init; }

    public float Beta1 { get; init; }

    public float Beta2 { get; init; }

    public float Eps { get; init; }

    /// <summary>RmsProp: by the variance, not by the square.</summary>
    public bool Centered { get; init; }

    /// <summary>Adagrad: the sum of squares before the first step.</summary>
    public float InitialSquare { get; init; }

    /// <summary>How much of the next weights their average takes in, which is the last of the buffers then: a = fma(share, w - a, a); 1 makes it a copy of them. 0: it stays, or there is none.</summary>
    public float AverageShare { get; init; }

    /// <summary>Step t of Adam's bias corrections, from 1; 1 is Sgd's first, whose velocity is g undampened, and Adagrad's, which starts the sum.</summary>
    public long Step { get; init; }
}
