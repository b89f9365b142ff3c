using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// y from x. The rows of x that the windows of an output row meet lie in a ring, padded and by phase; without padding and with stride 1 they are
/// read in place. Rows of padding are left out; columns of padding hold -infinity, or +0 for the average, neither of which changes anything.
/// </summary>
internal sealed unsafe class PoolForward<TSimd, TVector>(ThreadTeam team, Scratch scratch) : PoolWork<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private SampleRows _x;
    private OutputSteps _steps;
    private SampleRows _y;
    private ChosenTaps _chosen;

    /// <summary>Columns of a phase, with room for a vector beyond.</summary>
    private int _phaseColumns;
    private int _ringRows;
    private bool _inPlace;

    public void Max(in Pool2dGeometry g, int samples, SampleRows x, OutputSteps steps, SampleRows y, float* chosen) =>
        Execute(g, samples, true, false, x, steps, y, chosen);

    public void Average(in Pool2dGeometry g, bool countsPad, int samples, SampleRows x, OutputSteps steps, SampleRows y) =>
        Execute(g, samples, false, countsPad, x, steps, y, null);

    protected override long OwnElements() => ((long)_ringRows * (RowElements + 1)) + (2 * G.R) + CpuMemory.Slack;

    private int RowElements => G.StrideW * _phaseColumns;

    protected override void Prepare(int thread)
    {
        if (!_inPlace)
        {
            new Span<float>(Scratch.Own(thread), _ringRows * RowElements).Fill(IsMax ? float.NegativeInfinity : 0);
        }
    }

    protected override void RunPlane(int sample, int channel, int thread)
    {
        var ring = Scratch.Own(thread);
        var rows = (float**)(ring + ((long)_ringRows * RowElements));
        var tags = new Span<int>(rows + G.R, _ringRows);
        tags.Fill(-1);
        var x = _x.At(sample, (long)channel * G.H * G.W);
        for (var p = 0; p < G.P; p++)
        {
            var top = (p * G.StrideH) - G.PadH;
            var first = top >= 0 ? 0 : (-top + G.DilationH - 1) / G.DilationH;
            var end = Math.Min(G.R, (G.H - top + G.DilationH - 1) / G.DilationH);
            for (var r = first; r < end; r++)
            {
                rows[r] = RowAt(x, top + (r * G.DilationH), ring, tags);
            }

            var place = (((long)channel * G.P) + p) * G.Q;
            if (IsMax)
            {
                MaxRow(rows, first, end, _steps.Addend.At(sample, place), _y.At(sample, place), sample, place);
            }
            else
            {
                AverageRow(rows, first, end, Pixels(top, G.R, G.H, G.PadH), _steps.Addend.At(sample, place), _y.At(sample, place));
            }
        }
    }

    private void Execute(
        in Pool2dGeometry g, int samples, bool isMax, bool countsPad, SampleRows x, OutputSteps steps, SampleRows y, float* chosen)
    {
        (_x, _steps, _y, _chosen) = (x, steps, y, new ChosenTaps(chosen, g));
        var reach = (g.S - 1) * g.DilationW / g.StrideW;
        var used = Math.Max(reach + g.Q, ((g.W - 1 + g.PadW) / g.StrideW) + 1);
        _phaseColumns = used + (2 * TSimd.Lanes) - (used % TSimd.Lanes);
        _inPlace = g.StrideW == 1 && g.PadW == 0 && g.Q + reach <= g.W;
        _ringRows = _inPlace ? 0 : ((g.R - 1) * g.DilationH) + 1;
        Execute(g, samples, isMax, countsPad, _phaseColumns);
    }

    private float* RowAt(float* x, int h, float* ring, Span<int> tags)
    {
        if (_inPlace)
        {
            return x + ((long)h * G.W);
        }

        var slot = h % _ringRows;
        var row = ring + ((long)slot * RowElements);
        if (tags[slot] != h)
        {
            tags[slot] = h;
            PhaseRows<TSimd, TVector>.Split(x + ((long)h * G.W), G.W, G.StrideW, G.PadW, row, _phaseColumns);
        }

        return row;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MaxRow(float** rows, int first, int end, float* addend, float* y, int sample, long place)
    {
        var (window, columns, activation) = (G.S, G.Q, _steps.Activation);
        var taps = TapPlaces;
        for (var q = 0; q < columns; q += TSimd.Lanes)
        {
            var best = TSimd.Broadcast(float.NegativeInfinity);
            var index = TSimd.Add(TSimd.Load(ColumnValues + q), TSimd.Broadcast(first * window));
            for (var r = first; r < end; r++)
            {
                var row = rows[r] + q;
                for (var s = 0; s < window; s++)
                {
                    var value = TSimd.Load(row + taps[s]);
                    TSimd.SelectLarger(value, TSimd.Broadcast((r * window) + s), ref best, ref index);
                }
            }

            var left = Math.Min(TSimd.Lanes, columns - q);
            best = VectorEpilogue<TSimd, TVector>.Output(best, activation, addend == null ? null : addend + q);
            TSimd.StoreFirst(y + q, best, left);
            _chosen.Store<TSimd, TVector>(sample, place + q, left, index);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AverageRow(float** rows, int first, int end, int rowPixels, float* addend, float* y)
    {
        var (window, columns, activation) = (G.S, G.Q, _steps.Activation);
        var taps = TapPlaces;
        for (var q = 0; q < columns; q += TSimd.Lanes)
        {
            var sum = TSimd.Broadcast(0);
            for (var r = first; r < end; r++)
            {
                var row = rows[r] + q;
                for (var s = 0; s < window; s++)
                {
                    sum = TSimd.Add(sum, TSimd.Load(row + taps[s]));
                }
            }

            sum = TSimd.Divide(sum, TSimd.Multiply(TSimd.Broadcast(rowPixels), TSimd.Load(ColumnValues + q)));
            sum = VectorEpilogue<TSimd, TVector>.Output(sum, activation, addend == null ? null : addend + q);
            TSimd.StoreFirst(y + q, sum, Math.Min(TSimd.Lanes, columns - q));
        }
    }
}
