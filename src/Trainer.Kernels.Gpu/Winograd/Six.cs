namespace Trainer.Kernels.Gpu.Winograd;

/// <summary>Six numbers in registers: a row or a column of a tile. Shorter ones leave the last elements unused.</summary>
internal readonly struct Six(float v0, float v1, float v2, float v3, float v4, float v5)
{
    public readonly float V0 = v0;
    public readonly float V1 = v1;
    public readonly float V2 = v2;
    public readonly float V3 = v3;
    public readonly float V4 = v4;
    public readonly float V5 = v5;

    public float At(int i) => i == 0 ? V0 : i == 1 ? V1 : i == 2 ? V2 : i == 3 ? V3 : i == 4 ? V4 : V5;
}

/// <summary>A tile of 6 x 6 in registers, as rows.</summary>
internal readonly struct Tile6x6(Six row0, Six row1, Six row2, Six row3, Six row4, Six row5)
{
    public readonly Six Row0 = row0;
    public readonly Six Row1 = row1;
    public readonly Six Row2 = row2;
    public readonly Six Row3 = row3;
    public readonly Six Row4 = row4;
    public readonly Six Row5 = row5;

    public Six Row(int i) => i == 0 ? Row0 : i == 1 ? Row1 : i == 2 ? Row2 : i == 3 ? Row3 : i == 4 ? Row4 : Row5;

    /// <summary>A transform of all columns, then of the rows of what comes out.</summary>
    public Tile6x6 Apply<TTransform>()
        where TTransform : struct, ISixTransform => Transpose().Rows<TTransform>().Transpose().Rows<TTransform>();

    private Tile6x6 Rows<TTransform>()
        where TTransform : struct, ISixTransform => new(
            TTransform.Of(Row0), TTransform.Of(Row1), TTransform.Of(Row2), TTransform.Of(Row3), TTransform.Of(Row4), TTransform.Of(Row5));

    private Tile6x6 Transpose() => new(
        new Six(Row0.V0, Row1.V0, Row2.V0, Row3.V0, Row4.V0, Row5.V0),
        new Six(Row0.V1, Row1.V1, Row2.V1, Row3.V1, Row4.V1, Row5.V1),
        new Six(Row0.V2, Row1.V2, Row2.V2, Row3.V2, Row4.V2, Row5.V2),
        new Six(Row0.V3, Row1.V3, Row2.V3, Row3.V3, Row4.V3, Row5.V3),
        new Six(Row0.V4, Row1.V4, Row2.V4, Row3.V4, Row4.V4, Row5.V4),
        new Six(Row0.V5, Row1.V5, Row2.V5, Row3.V5, Row4.V5, Row5.V5));
}

/// <summary>A transform in one dimension.</summary>
internal interface ISixTransform
{
    static abstract Six Of(Six v);
}

/// <summary>The transforms of one kind of tile, F(Outputs x Outputs, FilterSize x FilterSize).</summary>
internal interface IWinograd
{
    /// <summary>Rows and columns of a filter.</summary>
    static abstract int FilterSize { get; }

    /// <summary>Of a tile of outputs.</summary>
    static abstract int Outputs { get; }

    static abstract Tile6x6 Input(Tile6x6 d);

    static abstract Tile6x6 Filter(Tile6x6 g);

    static abstract Tile6x6 Output(Tile6x6 m);

    static abstract Tile6x6 Gradient(Tile6x6 y);

    static abstract Tile6x6 FilterGradient(Tile6x6 u);
}

/// <summary>F(4x4, 3x3)</summary>
internal readonly struct WinogradF43 : IWinograd
{
    public static int FilterSize => 3;

    public static int Outputs => 4;

    public static Tile6x6 Input(Tile6x6 d) => d.Apply<InputTransform6>();

    public static Tile6x6 Filter(Tile6x6 g) => g.Apply<FilterTransform3>();

    public static Tile6x6 Output(Tile6x6 m) => m.Apply<OutputTransform4>();

    public static Tile6x6 Gradient(Tile6x6 y) => y.Apply<GradientTransform4>();

    public static Tile6x6 FilterGradient(Tile6x6 u) => u.Apply<FilterGradientTransform3>();
}

/// <summary>F(3x3, 3x3), whose tiles have five rows and columns</summary>
internal readonly struct WinogradF33 : IWinograd
{
    public static int FilterSize => 3;

    public static int Outputs => 3;

    public static Tile6x6 Input(Tile6x6 d) => d.Apply<InputTransform5>();

    public static Tile6x6 Filter(Tile6x6 g) => g.Apply<FilterTransform3Of5>();

    public static Tile6x6 Output(Tile6x6 m) => m.Apply<OutputTransform3>();

    public static Tile6x6 Gradient(Tile6x6 y) => y.Apply<GradientTransform3>();

    public static Tile6x6 FilterGradient(Tile6x6 u) => u.Apply<FilterGradientTransform3Of5>();
}

/// <summary>F(2x2, 5x5)</summary>
internal readonly struct WinogradF25 : IWinograd
{
    public static int FilterSize => 5;

    public static int Outputs => 2;

    public static Tile6x6 Input(Tile6x6 d) => d.Apply<InputTransform6>();

    public static Tile6x6 Filter(Tile6x6 g) => g.Apply<FilterTransform5>();

    public static Tile6x6 Output(Tile6x6 m) => m.Apply<OutputTransform2>();

    public static Tile6x6 Gradient(Tile6x6 y) => y.Apply<GradientTransform2>();

    public static Tile6x6 FilterGradient(Tile6x6 u) => u.Apply<FilterGradientTransform5>();
}
