using ILGPU;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>
/// A thread's share in bringing one operand's part of a tile, (Depth x extent) elements, to shared memory: 2, 4 or 8 elements, which it holds in
/// registers while the group still multiplies.
/// </summary>
/// <remarks>
/// Along k a thread's elements have one k and indices that lie 256 / Depth apart; along the index they have one index and ks that lie 256 / extent apart.
/// </remarks>
internal struct TileLoader<TTile, TSums, TOperand, TIndex, TStep>
    where TTile : struct, ITile<TSums>
    where TSums : struct
    where TOperand : struct, ITileOperand<TOperand, TIndex, TStep>
    where TIndex : struct
    where TStep : struct
{
    private const int Threads = ThreadGroup.Size;

    private readonly TOperand _operand;
    private readonly int _elements;
    private readonly int _k;
    private readonly int _index;
    private readonly int _indexGap;
    private readonly int _kGap;
    private readonly float _beyond;
    private readonly TIndex _index0;
    private readonly TIndex _index1;
    private readonly TIndex _index2;
    private readonly TIndex _index3;
    private readonly TIndex _index4;
    private readonly TIndex _index5;
    private readonly TIndex _index6;
    private readonly TIndex _index7;
    private float _v0;
    private float _v1;
    private float _v2;
    private float _v3;
    private float _v4;
    private float _v5;
    private float _v6;
    private float _v7;

    /// <param name="beyond">What stands for elements beyond the last k.</param>
    public TileLoader(TOperand operand, int first, int extent, int thread, float beyond)
    {
        _operand = operand;
        _beyond = beyond;
        _elements = extent * TTile.Depth / Threads;
        _k = TOperand.AlongK ? thread % TTile.Depth : thread / extent;
        _index = TOperand.AlongK ? thread / TTile.Depth : thread % extent;
        _indexGap = TOperand.AlongK ? Threads / TTile.Depth : 0;
        _kGap = TOperand.AlongK ? 0 : Threads / extent;
        var index = first + _index;
        _index0 = operand.At(index);
        _index1 = TOperand.AlongK ? operand.At(index + _indexGap) : _index0;
        _index2 = TOperand.AlongK && _elements > 2 ? operand.At(index + (2 * _indexGap)) : _index0;
        _index3 = TOperand.AlongK && _elements > 2 ? operand.At(index + (3 * _indexGap)) : _index0;
        _index4 = TOperand.AlongK && _elements > 4 ? operand.At(index + (4 * _indexGap)) : _index0;
        _index5 = TOperand.AlongK && _elements > 4 ? operand.At(index + (5 * _indexGap)) : _index0;
        _index6 = TOperand.AlongK && _elements > 4 ? operand.At(index + (6 * _indexGap)) : _index0;
        _index7 = TOperand.AlongK && _elements > 4 ? operand.At(index + (7 * _indexGap)) : _index0;
        (_v0, _v1, _v2, _v3, _v4, _v5, _v6, _v7) = (0, 0, 0, 0, 0, 0, 0, 0);
    }

    /// <summary>Memory to registers: elements of [k, k + Depth), of which those from <paramref name="count"/> on are beyond the last.</summary>
    /// <param name="begin">The operand's k of k = 0.</param>
    public void Fetch(int k, int begin, int count)
    {
        k += _k;
        _v0 = Load(_index0, k, begin, count);
        _v1 = Load(_index1, k + _kGap, begin, count);
        if (_elements > 2)
        {
            _v2 = Load(_index2, k + (2 * _kGap), begin, count);
            _v3 = Load(_index3, k + (3 * _kGap), begin, count);
        }

        if (_elements > 4)
        {
            _v4 = Load(_index4, k + (4 * _kGap), begin, count);
            _v5 = Load(_index5, k + (5 * _kGap), begin, count);
            _v6 = Load(_index6, k + (6 * _kGap), begin, count);
            _v7 = Load(_index7, k + (7 * _kGap), begin, count);
        }
    }

    /// <summary>Registers to shared memory: element (k, index) at start + k stride + index.</summary>
    public readonly void Put(ArrayView<float> words, int start, int stride)
    {
        var place = start + (_k * stride) + _index;
        var gap = (_kGap * stride) + _indexGap;
        words[place] = TTile.Round(_v0);
        words[place + gap] = TTile.Round(_v1);
        if (_elements > 2)
        {
            words[place + (2 * gap)] = TTile.Round(_v2);
            words[place + (3 * gap)] = TTile.Round(_v3);
        }

        if (_elements > 4)
        {
            words[place + (4 * gap)] = TTile.Round(_v4);
            words[place + (5 * gap)] = TTile.Round(_v5);
            words[place + (6 * gap)] = TTile.Round(_v6);
            words[place + (7 * gap)] = TTile.Round(_v7);
        }
    }

    private readonly float Load(TIndex index, int k, int begin, int count) => k < count ? _operand.Load(index, _operand.Step(begin + k)) : _beyond;
}
