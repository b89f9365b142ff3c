using ILGPU;
using ILGPU.Runtime;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Gpu.Tiles;

/// <summary>The tap tables that a device has met, by geometry: a network has few, and each stays.</summary>
internal sealed class TapTables(Accelerator accelerator) : IDisposable
{
    private readonly Dictionary<(Conv2dGeometry Geometry, int Phase), MemoryBuffer1D<int, Stride1D.Dense>> _known = [];

    /// <summary>(c, r, s) of one group, in order.</summary>
    public TapTable Forward(in Conv2dGeometry g) => Of(g, -1);

    /// <summary>(k, r, s) of one group, in order, of the taps that a phase of the stride has.</summary>
    public TapTable Backward(in Conv2dGeometry g, int phase) => Of(g, phase);

    /// <summary>Rows and columns of the image that share their taps: number <paramref name="phase"/> of StrideH x StrideW.</summary>
    public static (StridePhase Rows, StridePhase Columns) PhaseOf(in Conv2dGeometry g, int phase) => (
        StridePhase.Of(phase / g.StrideW, g.H, g.R, g.StrideH, g.PadH, g.DilationH),
        StridePhase.Of(phase % g.StrideW, g.W, g.S, g.StrideW, g.PadW, g.DilationW));

    public void Dispose()
    {
        foreach (var table in _known.Values)
        {
            table.Dispose();
        }
    }

    private TapTable Of(in Conv2dGeometry g, int phase)
    {
        if (!_known.TryGetValue((g, phase), out var table))
        {
            var values = phase < 0 ? ForwardTaps(g) : BackwardTaps(g, phase);
            table = accelerator.Allocate1D<int>(Math.Max(1, values.Count));
            if (values.Count > 0)
            {
                table.CopyFromCPU([.. values]);
            }

            _known[(g, phase)] = table;
        }

        return new TapTable(table.View.BaseView);
    }

    private static List<int> ForwardTaps(Conv2dGeometry g)
    {
        var values = new List<int>();
        for (var c = 0; c < g.C / g.Groups; c++)
        {
            for (var r = 0; r < g.R; r++)
            {
                for (var s = 0; s < g.S; s++)
                {
                    var (row, column) = (r * g.DilationH, s * g.DilationW);
                    values.AddRange([(((c * g.H) + row) * g.W) + column, (row << 16) + column, (((c * g.R) + r) * g.S) + s]);
                }
            }
        }

        return values;
    }

    private static List<int> BackwardTaps(Conv2dGeometry g, int phase)
    {
        var (rows, columns) = PhaseOf(g, phase);
        var values = new List<int>();
        for (var k = 0; k < g.K / g.Groups; k++)
        {
            for (var i = 0; i < rows.Taps; i++)
            {
                for (var j = 0; j < columns.Taps; j++)
                {
                    var (row, column) = (rows.Base - (i * rows.Step), columns.Base - (j * columns.Step));
                    var (r, s) = (rows.FirstTap + (i * rows.TapStep), columns.FirstTap + (j * columns.TapStep));
                    values.AddRange([(((k * g.P) + row) * g.Q) + column, (row << 16) + column, (k * g.Reduction) + (r * g.S) + s]);
                }
            }
        }

        return values;
    }
}
