using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Trainer.Kernels.Data.Jpeg;

/// <summary>A row of a component that is half as fine as the picture, made as fine: as libjpeg's fancy upsampling, 3/4 of the nearer sample and 1/4 of the farther, in either direction.</summary>
/// <remarks>Its memory is used again.</remarks>
internal sealed class ChromaRow
{
    private const int Lanes = 16;

    private ushort[] _sums = [];
    private byte[] _pixels = [];

    /// <summary>Half as fine across.</summary>
    /// <param name="row">The whole row.</param>
    /// <param name="from">The first sample that is wanted.</param>
    /// <param name="to">Behind the last one.</param>
    /// <returns>Two pixels for each of those, and some of no meaning.</returns>
    public ReadOnlySpan<byte> Across(ReadOnlySpan<byte> row, int from, int to)
    {
        Sum(row, row, 1, 0, from, to);
        return Between(to - from, 1, 2, 2);
    }

    /// <summary>Half as fine both ways.</summary>
    /// <param name="near">The whole row whose samples the pixels lie in.</param>
    /// <param name="far">The next one above or below, whichever is closer.</param>
    /// <param name="from">As in <see cref="Across"/>.</param>
    /// <param name="to">As in <see cref="Across"/>.</param>
    /// <returns>As <see cref="Across"/>.</returns>
    public ReadOnlySpan<byte> Both(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int from, int to)
    {
        Sum(near, far, 3, 1, from, to);
        return Between(to - from, 8, 7, 4);
    }

    /// <summary>Of two rows with their weights, and one more on either side: of the same samples where there are no others.</summary>
    private void Sum(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, ushort nearWeight, ushort farWeight, int from, int to)
    {
        var count = to - from;
        if (_sums.Length < count + (3 * Lanes))
        {
            _sums = new ushort[count + (3 * Lanes)];
            _pixels = new byte[2 * _sums.Length];
        }

        var i = 0;
        for (; i <= count - Lanes; i += Lanes)
        {
            var sum = (Widen(near[(from + i)..]) * nearWeight) + (Widen(far[(from + i)..]) * farWeight);
            sum.CopyTo(_sums, i + 1);
        }

        for (; i < count; i++)
        {
            _sums[i + 1] = At(near, far, nearWeight, farWeight, from + i);
        }

        _sums[0] = At(near, far, nearWeight, farWeight, Math.Max(0, from - 1));
        _sums[count + 1] = At(near, far, nearWeight, farWeight, Math.Min(near.Length - 1, to));
    }

    private static Vector256<ushort> Widen(ReadOnlySpan<byte> samples) => Vector256.WidenLower(Vector128.Create(samples[..Lanes]).ToVector256Unsafe());

    private static ushort At(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int nearWeight, int farWeight, int at) => (ushort)((nearWeight * near[at]) + (farWeight * far[at]));

    private ReadOnlySpan<byte> Between(int count, ushort left, ushort right, int shift)
    {
        ref var sums = ref MemoryMarshal.GetArrayDataReference(_sums);
        ref var pixels = ref MemoryMarshal.GetArrayDataReference(_pixels);
        var (roundLeft, roundRight) = (Vector256.Create(left), Vector256.Create(right));
        for (var i = 0; i < count; i += Lanes)
        {
            var sum = Vector256.LoadUnsafe(ref sums, (nuint)i + 1);
            var three = sum + sum + sum;
            var even = (three + Vector256.LoadUnsafe(ref sums, (nuint)i) + roundLeft) >>> shift;
            var odd = (three + Vector256.LoadUnsafe(ref sums, (nuint)i + 2) + roundRight) >>> shift;
            (even | (odd << 8)).AsByte().StoreUnsafe(ref pixels, (nuint)(2 * i));
        }

        return _pixels;
    }
}
