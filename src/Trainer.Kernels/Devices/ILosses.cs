namespace Trainer.Kernels.Devices;

/// <summary>Losses: per-sample values, gradients not divided by B. loss (N); correct (N), 1 or +0.</summary>
public interface ILosses
{
    /// <summary>
    /// Per sample, with m the largest logit, e_c = exp(x_c - m), s = sum of e (Form C) and -log p_c = log s - (x_c - m):
    /// loss = w_label (1 - smoothing)(-log p_label) + smoothing / classes x sum of w_c (-log p_c); correct = 1 where the first largest logit is the label's;
    /// and, unless <paramref name="dx"/> is empty, its gradient (without options e / s - onehot(label)). logits (N, classes).
    /// </summary>
    /// <param name="labels">(N) integers in the place of float32 (<see cref="Tensor.HostInts"/>); their host view is what was uploaded.</param>
    void SoftmaxCrossEntropy(
        in CrossEntropyOptions options, int classes, int samples, Tensor logits, Tensor labels, Tensor loss, Tensor correct, Tensor dx);

    /// <summary>
    /// Per sample loss = factors.Loss x sum of (y - target)^2 (Form L); correct = 1 where the first largest of y is where the target's first largest is;
    /// and, unless it is empty, dx = 2 factors.Gradient (y - target). target dense.
    /// </summary>
    void SquaredError(in SquaredErrorFactors factors, long elements, int samples, Tensor y, Tensor target, Tensor loss, Tensor correct, Tensor dx);
}
