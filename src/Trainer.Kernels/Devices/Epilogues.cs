using Trainer.Kernels.Arithmetic;

namespace Trainer.Kernels.Devices;

/// <summary>What an operation does to each output v on its way to memory: y = activation(v + addend), each step rounded.</summary>
/// <param name="Addend">As y, and may be y; empty: none.</param>
public readonly record struct OutputEpilogue(Activation Activation, Tensor Addend = default)
{
    public static OutputEpilogue None => default;

    public static implicit operator OutputEpilogue(Activation activation) => new(activation);
}

/// <summary>
/// What an operation does to each input gradient v on its way to memory: dx = (v + addend) x f'(output), each step rounded, with the
/// activation f whose output the operation's x is (a relu selects: dx is +0 where the output is 0 or less).
/// </summary>
/// <param name="Activation">f; none where x is no activation's output. Only one whose derivative follows from its output.</param>
/// <param name="Output">As x; not read without an activation.</param>
/// <param name="Addend">What other readers of x contribute to its gradient: as dx, and may be dx; empty: nothing.</param>
public readonly record struct GradientEpilogue(Activation Activation, Tensor Output = default, Tensor Addend = default)
{
    public static GradientEpilogue None => default;
}
