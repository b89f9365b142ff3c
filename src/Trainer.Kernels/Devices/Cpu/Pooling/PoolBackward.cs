using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// dx from dy, row by row of dx: each pixel gathers from the windows that hold it, in row order, so no two threads or lanes add to one place. The rows
/// of dy that meet a row of dx lie in a ring, with zeros around; for the average divided by the windows' sizes, for the largest beside the taps chosen.
/// </summary>
internal sealed unsafe class PoolBackward<TSimd, TVector>(ThreadTeam team, Scratch scratch) : PoolWork<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Rows of dy that are brought in together: reading at once what was just written piecemeal would wait for it.</summary>
    private const int BurstRows = 8;

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
    private bool _isPairs;
    private bool _isTriples;

    public void Max(in Pool2dGeometry g, int samples, SampleRows dy, float* chosen, GradientSteps steps, SampleRows dx) =>
        Execute(g, samples, true, false, dy, chosen, steps, dx);

    public void Average(in Pool2dGeometry g, bool countsPad, int samples, SampleRows dy, GradientSteps steps, SampleRows dx) =>
        Execute(g, samples, false, countsPad, dy, null, steps, dx);

    /// <summary>The ring of gradients, the ring of taps, a row of dx by phase, and one in order; addresses and numbers of taps.</summary>
    protected override long OwnElements() => _isTriples
        ? (2L * TripleRows * TripleLine) + ((long)G.H * G.W) + (2L * TSimd.Lanes)
        : (2L * _ringRows * _ringColumns) + (2L * G.StrideW * _phaseColumns) + G.W + (4L * G.R * G.S) + (2 * CpuMemory.Slack);

    protected override void Prepare(int thread) => new Span<float>(Scratch.Own(thread), _isTriples ? checked(2 * TripleRows * TripleLine) : Math.Max(2 * _ringRows * _ringColumns, G.W)).Clear();

    protected override void RunPlane(int sample, int channel, int thread)
    {
        if (_isPairs)
        {
            RunPairs(sample, channel, Scratch.Own(thread));
            return;
        }

        if (_isTriples)
        {
            RunTriples(sample, channel, Scratch.Own(thread));
            return;
        }

        var g = G;
        var ring = Scratch.Own(thread);
        var phases = ring + (2L * _ringRows * _ringColumns);
        var joined = g.StrideW == 1 ? phases : phases + ((long)g.StrideW * _phaseColumns);
        var taps = (float**)(phases + (2L * g.StrideW * _phaseColumns) + CpuMemory.Slack);
        var loaded = 0;
        for (var h = 0; h < g.H; h++)
        {
            var reach = h + g.PadH - ((g.R - 1) * g.DilationH);
            var first = reach <= 0 ? 0 : (reach + g.StrideH - 1) / g.StrideH;
            var end = Math.Min(P, ((h + g.PadH) / g.StrideH) + 1);
            for (var burst = loaded < end ? Math.Min(P, end + BurstRows - 1) : 0; loaded < burst; loaded++)
            {
                LoadRow(sample, channel, loaded, ring);
            }

            for (var phase = 0; phase < g.StrideW; phase++)
            {
                GatherPhase(ring, h, first, end, phase, taps, phases + ((long)phase * _phaseColumns));
            }

            if (g.StrideW > 1)
            {
                PhaseRows<TSimd, TVector>.Join(phases, _phaseColumns, g.StrideW, g.W, joined);
            }

            var place = (((long)channel * g.H) + h) * g.W;
            EpilogueRows<TSimd, TVector>.WriteGradients(
                joined, g.W, _steps.Activation, _steps.Output.At(sample, place), _steps.Addend.At(sample, place), _dx.At(sample, place));
        }
    }

    /// <summary>Rows of dy with zeros around, and elements of one, as far as vectors of dx read.</summary>
    private int TripleRows => P + (2 * TripleKernels<TSimd, TVector>.Border);

    private int TripleLine => Math.Max(Q, G.W) + (2 * TripleKernels<TSimd, TVector>.Border) + (2 * TSimd.Lanes);

    /// <param name="gradients">(TripleRows, TripleLine) of zeros around dy, then as many taps, then dx.</param>
    private void RunTriples(int sample, int channel, float* gradients)
    {
        const int Border = TripleKernels<TSimd, TVector>.Border;
        var (g, line, taps) = (G, TripleLine, TripleRows * TripleLine);
        var (place, image) = ((long)channel * P * Q, (long)channel * g.H * g.W);
        var inner = gradients + (Border * line) + Border;
        Packing.CopyBlock(_dy.At(sample, place), Q, P, Q, inner, line);
        for (var p = 0; p < P; p++)
        {
            _chosen.Load<TSimd, TVector>(sample, place + (p * Q), Q, inner + taps + (p * line));
        }

        var dx = gradients + (2 * taps);
        for (var h = 0; h < g.H; h++)
        {
            if (g.StrideW == 1)
            {
                TripleKernels<TSimd, TVector>.Gradients(inner + ((h + g.PadH - 2) * line) + g.PadW - 2, taps, line, g.W, dx + (h * g.W));
            }
            else
            {
                var (p, isTwice) = ((h + g.PadH) / 2, (h + g.PadH) % 2 == 0);
                var first = inner + ((isTwice ? p - 1 : p) * line);
                TripleKernels<TSimd, TVector>.Gradients2(first, taps, line, isTwice ? 2 : 1, g.PadW, g.W, dx + (h * g.W));
            }
        }

        EpilogueRows<TSimd, TVector>.WriteGradients(
            dx, g.H * g.W, _steps.Activation, _steps.Output.At(sample, image), _steps.Addend.At(sample, image), _dx.At(sample, image));
    }

    /// <param name="zeros">For the column and the row that no window holds.</param>
    private void RunPairs(int sample, int channel, float* zeros)
    {
        var (width, steps) = (G.W, _steps);
        for (var p = 0; p < P; p++)
        {
            var (place, image) = ((((long)channel * P) + p) * Q, (((long)channel * G.H) + (2 * p)) * width);
            var dy = _dy.At(sample, place);
            var output = steps.Output.At(sample, image);
            var addend = steps.Addend.At(sample, image);
            var dx = _dx.At(sample, image);
            if (IsMax)
            {
                PairKernels<TSimd, TVector>.MaxGradient(dy, _chosen.BytesAt(sample, place), Q, width, steps.Activation, output, addend, dx);
            }
            else
            {
                PairKernels<TSimd, TVector>.AverageGradient(dy, Q, width, steps.Activation, output, addend, dx);
            }

            if (width > 2 * Q)
            {
                WriteZeros(sample, image + width - 1, 1, zeros);
                WriteZeros(sample, image + (2 * width) - 1, 1, zeros);
            }
        }

        if (G.H > 2 * P)
        {
            WriteZeros(sample, (((long)channel * G.H) + (2 * P)) * width, width, zeros);
        }
    }

    private void WriteZeros(int sample, long place, int count, float* zeros) => EpilogueRows<TSimd, TVector>.WriteGradients(
        zeros, count, _steps.Activation, _steps.Output.At(sample, place), _steps.Addend.At(sample, place), _dx.At(sample, place));

    private void Execute(
        in Pool2dGeometry g, int samples, bool isMax, bool countsPad, SampleRows dy, float* chosen, GradientSteps steps, SampleRows dx)
    {
        (_dy, _steps, _dx, _chosen) = (dy, steps, dx, new ChosenTaps(chosen, g));
        _before = (g.S - 1) * g.DilationW / g.StrideW;
        _ringRows = ((g.R - 1) * g.DilationH / g.StrideH) + BurstRows;
        _usedColumns = ((g.W - 1) / g.StrideW) + 1;
        _phaseColumns = Math.Max(_usedColumns, _before + 1);
        _phaseColumns += (2 * TSimd.Lanes) - (_phaseColumns % TSimd.Lanes);
        _ringColumns = _before + Math.Max(g.Q, _phaseColumns + (g.PadW / g.StrideW) + 1) + (2 * TSimd.Lanes);
        _ringColumns += _ringColumns % 2;
        _isPairs = PairKernels<TSimd, TVector>.Covers(g);
        _isTriples = isMax && TripleKernels<TSimd, TVector>.Covers(g);
        Execute(g, samples, isMax, countsPad, _phaseColumns);
    }

    private void LoadRow(int sample, int channel, int p, float* ring)
    {
        var g = G;
        var place = (((long)channel * P) + p) * Q;
        var row = ring + ((long)(p % _ringRows) * _ringColumns) + _before;
        var dy = _dy.At(sample, place);
        if (IsMax)
        {
            new ReadOnlySpan<float>(dy, Q).CopyTo(new Span<float>(row, Q));
            _chosen.Load<TSimd, TVector>(sample, place, Q, row + ((long)_ringRows * _ringColumns));
            return;
        }

        var rowPixels = TSimd.Broadcast(Pixels((p * g.StrideH) - g.PadH, g.R, g.H, g.PadH));
        for (var q = 0; q < Q; q += TSimd.Lanes)
        {
            var share = TSimd.Divide(TSimd.Load(dy + q), TSimd.Multiply(rowPixels, TSimd.Load(ColumnValues + q)));
            TSimd.StoreFirst(row + q, share, Math.Min(TSimd.Lanes, Q - q));
        }
    }

    /// <summary>
    /// Row h of dx, the columns from <paramref name="phase"/> on by strides: windows' rows ascending, in each the windows ascending, which is the taps
    /// descending.
    /// </summary>
    private void GatherPhase(float* ring, int h, int first, int end, int phase, float** taps, float* target)
    {
        var g = G;
        var numbers = (float*)(taps + (g.R * g.S));
        var (count, window, columns) = (0, g.S, _phaseColumns);
        var places = TapPlaces;
        var firstPlace = (phase + g.PadW) % g.StrideW * columns;
        var firstColumn = (phase + g.PadW) / g.StrideW;
        for (var p = first; p < end; p++)
        {
            var r = h + g.PadH - (p * g.StrideH);
            if (g.DilationH > 1)
            {
                if (r % g.DilationH != 0)
                {
                    continue;
                }

                r /= g.DilationH;
            }

            var row = ring + ((long)((uint)p % (uint)_ringRows) * _ringColumns) + _before + firstColumn;
            for (var s = window - 1; s >= 0; s--)
            {
                var shift = places[s] - firstPlace;
                if ((uint)shift < (uint)columns)
                {
                    taps[count] = row - shift;
                    numbers[count++] = (r * window) + s;
                }
            }
        }

        if (IsMax)
        {
            WindowRows<TSimd, TVector>.SumChosen(taps, numbers, count, (long)_ringRows * _ringColumns, target, _usedColumns);
        }
        else
        {
            WindowRows<TSimd, TVector>.Sum(taps, count, target, _usedColumns);
        }
    }
}
