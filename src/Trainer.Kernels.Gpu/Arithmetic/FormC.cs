namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>Form C of the canonical arithmetic by one thread: a chain from +0, k ascending; chains of 512 are added in order.</summary>
internal readonly struct FormC(float sums, float chain, int length)
{
    private const int ChainLength = 512;
    private readonly float _sums = sums;
    private readonly float _chain = chain;
    private readonly int _length = length;

    public float Value => _length > ChainLength ? Exact.Add(_sums, _chain) : _chain;

    public FormC Add(float value)
    {
        var begins = _length > 0 && _length % ChainLength == 0;
        return new FormC(begins ? Value : _sums, Exact.Add(begins ? 0f : _chain, value), _length + 1);
    }

    public FormC MultiplyAdd(float a, float b)
    {
        var begins = _length > 0 && _length % ChainLength == 0;
        return new FormC(begins ? Value : _sums, Exact.Fma(a, b, begins ? 0f : _chain), _length + 1);
    }
}
