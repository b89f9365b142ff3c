namespace Trainer.Kernels.Devices;

/// <summary>Losses: per-sample values, gradients not divided by B. loss (N); correct (N), 1 or +0.</summary>
public interface ILosses
{
    /// <summary>
    /// Per sample, with m the largest logit, e_c = exp(x_c - m), s = sum of e (Form C) and -log p_c = log s - (x_c - m):
    /// loss = w_label (1 - smoothing)(-log p_label) + smoothing / classes x sum of w_c (-log p_c), where there are two labels the first term of each, in its share; correct = 1 where the first largest logit is the label's;
    /// and, unless <paramref name="dx"/> is empty, its gradient (without options e / s - onehot(label)). logits (N, classes).
    /// </summary>
    /// <param name="labels">(N) integers in the place of float32 (<see cref="Tensor.HostInts"/>); their host view is what was uploaded.</param>
    void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx);

    /// <summary>
    /// Per sample loss = factors.Loss x sum of (y - target)^2 (Form L); correct = 1 where the first largest of y is where the target's first largest is;
    /// and, unless it is empty, dx = 2 factors.Gradient (y - target). target dense.
    /// </summary>
    void SquaredError(in LossFactors factors, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx);

    /// <summary>
    /// Per sample loss = factors.Loss x sum of w_c (p_c target softplus(-x) + (1 - target) softplus(x)) (Form L, the last product fused), softplus(x) = max(x, 0) + log(1 + e^-|x|);
    /// correct = 1 where the target at the first largest logit is as large as any; and, unless it is empty, dx = factors.Gradient w_c ((1 - target) sigmoid(x) - p_c target sigmoid(-x)). target dense.
    /// </summary>
    /// <param name="weights">w, (elements).</param>
    /// <param name="positiveWeights">p, (elements).</param>
    void BinaryCrossEntropy(
        in LossFactors factors, long elements, int samples, Tensor weights, Tensor positiveWeights, Tensor logits, Tensor target, Tensor loss, Tensor correct, Tensor dx);
}
