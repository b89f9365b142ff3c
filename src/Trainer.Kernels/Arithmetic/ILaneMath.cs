namespace Trainer.Kernels.Arithmetic;

/// <summary>
/// Arithmetic that stays within a lane. Functions that are written for it have the same text and the same bits on every instruction set, where a vector has
/// some lanes, and in a GPU's kernels, where a thread has one. Every operation rounds as IEEE 754 says.
/// </summary>
internal interface ILaneMath<TVector> : IRoundedMath<TVector>
    where TVector : struct
{
    static abstract TVector Broadcast(float value);

    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>a &lt; b ? yes : no, lane by lane; no where a lane is NaN.</summary>
    static abstract TVector SelectLess(TVector a, TVector b, TVector yes, TVector no);

    /// <summary>a &lt;= b ? yes : no, lane by lane; no where a lane is NaN.</summary>
    static abstract TVector SelectLessOrEqual(TVector a, TVector b, TVector yes, TVector no);

    /// <summary>a == b ? yes : no, lane by lane; no where a lane is NaN.</summary>
    static abstract TVector SelectEqual(TVector a, TVector b, TVector yes, TVector no);

    /// <summary>
    /// Replaces <paramref name="best"/> and <paramref name="bestIndex"/> where value is larger, or is NaN while best is not: of equal ones, and of
    /// NaNs, the first stays.
    /// </summary>
    static abstract void SelectLarger(TVector value, TVector index, ref TVector best, ref TVector bestIndex);

    static abstract TVector Sqrt(TVector a);

    /// <summary>|magnitude| with the sign of <paramref name="sign"/>.</summary>
    static abstract TVector CopySign(TVector magnitude, TVector sign);

    /// <summary>value x 2^exponent, rounded once, for integers -200 &lt;= exponent &lt;= 0 and 0.5 &lt;= value &lt; 2 (or NaN).</summary>
    static abstract TVector ScaleByPowerOfTwo(TVector value, TVector exponent);

    /// <summary>-|a|</summary>
    static abstract TVector NegativeMagnitude(TVector a);

    /// <summary>One step of a 32-bit hash per lane over the bits of <paramref name="words"/>: (rotl(state, 13) ^ word) x 0x9E3779B1.</summary>
    static abstract TVector HashStep(TVector state, TVector words);

    // The lanes as 32-bit words without sign.

    static abstract TVector BroadcastWord(uint word);

    static abstract TVector AddWords(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>The 64-bit products of the lanes of a and one word (the same in all lanes), halved into words.</summary>
    static abstract void MultiplyWords(TVector a, TVector word, out TVector high, out TVector low);

    /// <summary>a &lt; b ? yes : no of words without sign.</summary>
    static abstract TVector SelectBelow(TVector a, TVector b, TVector yes, TVector no);
}
