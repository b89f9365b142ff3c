using Trainer.Kernels.Devices.Cpu.Memory;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// Which terms of the dot products matter in each row of pixels: a filter row that lies wholly in the border (or on a row of zeros between
/// spread pixels) contributes w x 0 and is left out. Rows of pixels with the same filter rows left share a class.
/// </summary>
/// <remarks>
/// For finite weights leaving out a zero term changes at most the sign of a sum that underflowed to -0; so that even this depends on
/// nothing but the shape of a sample, whoever uses classes does so for a shape on every instruction set.
/// </remarks>
internal sealed unsafe class TapClasses : IDisposable
{
    private const int ChainLength = 512;

    private readonly NativeBuffer _memory = new();
    private readonly NativeBuffer _rows = new();
    private readonly NativeBuffer _full = new();
    private int _depth;
    private int _chains;
    private int _channels;
    private int _count;
    private int* _classOfRow;
    private int* _exampleRow;
    private int* _chainEnds;
    private int* _offsets;
    private float* _weights;

    /// <summary>Chains of 512 k.</summary>
    public int Chains => _chains;

    /// <param name="channels">Channels per term, those that the call lacks included.</param>
    public void Describe(ConvolutionCall call, int channels)
    {
        var rows = call.Patches.Pixels / call.Patches.PixelColumns;
        (_depth, _channels, _count) = (call.Depth, channels, 0);
        _chains = (_depth + ChainLength - 1) / ChainLength;
        _classOfRow = _rows.Ensure<int>(2L * rows);
        _exampleRow = _classOfRow + rows;
        for (var row = 0; row < rows; row++)
        {
            _classOfRow[row] = ClassOf(call.Patches, row);
        }

        var weights = _full.Ensure<float>((long)_depth * channels);
        call.PackWeights(0, call.Channels, 0, _depth, weights, channels);
        Compact(call.Patches, weights);
    }

    /// <summary>The terms of a chain for a row of pixels: offsets into the image and, <c>channels</c> each, weights.</summary>
    public int Terms(int row, int chain, out int* offsets, out float* weights)
    {
        var ends = _chainEnds + (_classOfRow[row] * (_chains + 1)) + chain;
        var first = ((long)_classOfRow[row] * _depth) + ends[0];
        offsets = _offsets + first;
        weights = _weights + (first * _channels);
        return ends[1] - ends[0];
    }

    public void Dispose()
    {
        _memory.Dispose();
        _rows.Dispose();
        _full.Dispose();
    }

    private int ClassOf(PatchLayout patches, int row)
    {
        for (var other = 0; other < _count; other++)
        {
            if (patches.HaveSameTaps(row, _exampleRow[other]))
            {
                return other;
            }
        }

        _exampleRow[_count] = row;
        return _count++;
    }

    private void Compact(PatchLayout patches, float* full)
    {
        var terms = (long)_count * _depth;
        var memory = _memory.Ensure<float>((terms * (_channels + 1)) + ((long)_count * (_chains + 1)));
        _weights = memory;
        _offsets = (int*)(memory + (terms * _channels));
        _chainEnds = _offsets + terms;
        for (var index = 0; index < _count; index++)
        {
            CompactClass(patches, full, index);
        }
    }

    private void CompactClass(PatchLayout patches, float* full, int index)
    {
        var ends = _chainEnds + (index * (_chains + 1));
        var (count, first) = (0, (long)index * _depth);
        for (var k = 0; k < _depth; k++)
        {
            if (k % ChainLength == 0)
            {
                ends[k / ChainLength] = count;
            }

            if (patches.IsTap(_exampleRow[index], k))
            {
                _offsets[first + count] = patches.Offsets[k];
                var source = new ReadOnlySpan<float>(full + ((long)k * _channels), _channels);
                source.CopyTo(new Span<float>(_weights + ((first + count) * _channels), _channels));
                count++;
            }
        }

        ends[_chains] = count;
    }
}
