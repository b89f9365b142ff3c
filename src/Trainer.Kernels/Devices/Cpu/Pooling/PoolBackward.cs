using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// dx from dy, row by row of dx: each pixel gathers from the windows that hold it, in row order, so no two threads or lanes add to one place. The rows
/// of dy that meet a row of dx lie in a ring, with zeros around; for the average divided by the windows' sizes, for the largest beside the taps chosen.
/// </summary>
internal sealed unsafe class PoolBackward<TSimd, TVector>(ThreadTeam team, Scratch scratch) : PoolWork<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private SampleRows _dy;
    private GradientSteps _steps;
    private SampleRows _dx;
    private ChosenTaps _chosen;

    /// <summary>Zeros to the left of dy in a row of the ring: the most that a tap reaches back, in outputs.</summary>
    private int _before;
    private int _ringRows;
    private int _ringColumns;
    private int _phaseColumns;
    private int _usedColumns;

    public void Max(in Pool2dGeometry g, int samples, SampleRows dy, float* chosen, GradientSteps steps, SampleRows dx) =>
        Execute(g, samples, true, false, dy, chosen, steps, dx);

    public void Average(in Pool2dGeometry g, bool countsPad, int samples, SampleRows dy, GradientSteps steps, SampleRows dx) =>
        Execute(g, samples, false, countsPad, dy, null, steps, dx);

    /// <summary>The ring of gradients, the ring of taps, a row of dx by phase, and one in order.</summary>
    protected override long OwnElements() => (2L * _ringRows * _ringColumns) + (2L * G.StrideW * _phaseColumns) + CpuMemory.Slack;

    protected override void Prepare(int thread) => new Span<float>(Scratch.Own(thread), 2 * _ringRows * _ringColumns).Clear();

    protected override void RunPlane(int sample, int channel, int thread)
    {
        var ring = Scratch.Own(thread);
        var phases = ring + (2L * _ringRows * _ringColumns);
        var joined = G.StrideW == 1 ? phases : phases + ((long)G.StrideW * _phaseColumns);
        var loaded = 0;
        for (var h = 0; h < G.H; h++)
        {
            var reach = h + G.PadH - ((G.R - 1) * G.DilationH);
            var first = reach <= 0 ? 0 : (reach + G.StrideH - 1) / G.StrideH;
            var end = Math.Min(G.P, ((h + G.PadH) / G.StrideH) + 1);
            for (loaded = Math.Max(loaded, first); loaded < end; loaded++)
            {
                LoadRow(sample, channel, loaded, ring);
            }

            for (var phase = 0; phase < G.StrideW; phase++)
            {
                GatherPhase(ring, h, first, end, phase, phases + ((long)phase * _phaseColumns));
            }

            if (G.StrideW > 1)
            {
                PhaseRows<TSimd, TVector>.Join(phases, _phaseColumns, G.StrideW, G.PadW + G.W, joined);
            }

            var place = (((long)channel * G.H) + h) * G.W;
            EpilogueRows<TSimd, TVector>.WriteGradients(
                joined + G.PadW, G.W, _steps.Activation, _steps.Output.At(sample, place), _steps.Addend.At(sample, place), _dx.At(sample, place));
        }
    }

    private void Execute(
        in Pool2dGeometry g, int samples, bool isMax, bool countsPad, SampleRows dy, float* chosen, GradientSteps steps, SampleRows dx)
    {
        (_dy, _steps, _dx, _chosen) = (dy, steps, dx, new ChosenTaps(chosen, g));
        _before = (g.S - 1) * g.DilationW / g.StrideW;
        _ringRows = ((g.R - 1) * g.DilationH / g.StrideH) + 1;
        _usedColumns = ((g.W - 1 + g.PadW) / g.StrideW) + 1;
        _phaseColumns = _usedColumns + (2 * TSimd.Lanes) - (_usedColumns % TSimd.Lanes);
        _ringColumns = _before + Math.Max(g.Q, _phaseColumns) + (2 * TSimd.Lanes);
        Execute(g, samples, isMax, countsPad, _phaseColumns);
    }

    private void LoadRow(int sample, int channel, int p, float* ring)
    {
        var place = (((long)channel * G.P) + p) * G.Q;
        var row = ring + ((long)(p % _ringRows) * _ringColumns) + _before;
        var dy = _dy.At(sample, place);
        if (IsMax)
        {
            new ReadOnlySpan<float>(dy, G.Q).CopyTo(new Span<float>(row, G.Q));
            _chosen.Load<TSimd, TVector>(sample, place, G.Q, row + ((long)_ringRows * _ringColumns));
            return;
        }

        var rowPixels = TSimd.Broadcast(Pixels((p * G.StrideH) - G.PadH, G.R, G.H, G.PadH));
        for (var q = 0; q < G.Q; q += TSimd.Lanes)
        {
            var share = TSimd.Divide(TSimd.Load(dy + q), TSimd.Multiply(rowPixels, TSimd.Load(ColumnValues + q)));
            TSimd.StoreFirst(row + q, share, Math.Min(TSimd.Lanes, G.Q - q));
        }
    }

    /// <summary>Row h of dx, columns of one phase: windows' rows ascending, in each the windows ascending, which is the taps descending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherPhase(float* ring, int h, int first, int end, int phase, float* target)
    {
        var (window, dilationH, padded) = (G.S, G.DilationH, h + G.PadH);
        var columns = _phaseColumns;
        var places = TapPlaces;
        var strideH = G.StrideH;
        var (firstPlace, ringRows, ringColumns, isMax) = (phase * columns, _ringRows, _ringColumns, IsMax);
        for (var column = 0; column < _usedColumns; column += TSimd.Lanes)
        {
            var sum = TSimd.Broadcast(0);
            for (var p = first; p < end; p++)
            {
                var r = padded - (p * strideH);
                if (r % dilationH != 0)
                {
                    continue;
                }

                var row = ring + ((long)(p % ringRows) * ringColumns) + _before + column;
                var taps = row + ((long)ringRows * ringColumns);
                r = r / dilationH * window;
                for (var s = window - 1; s >= 0; s--)
                {
                    var shift = places[s] - firstPlace;
                    if ((uint)shift < (uint)columns)
                    {
                        var value = TSimd.Load(row - shift);
                        value = isMax ? TSimd.SelectEqual(TSimd.Load(taps - shift), TSimd.Broadcast(r + s), value, TSimd.Broadcast(0)) : value;
                        sum = TSimd.Add(sum, value);
                    }
                }
            }

            TSimd.Store(target + column, sum);
        }
    }
}
