using Trainer.Kernels.Devices.Cpu.Elementwise;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Pooling;

/// <summary>
/// y from x. The rows of x that the windows of an output row meet lie in a ring, padded and by phase; without padding and with stride 1 they are
/// read in place. Rows of padding are left out; columns of padding hold -infinity, or +0 for the average, neither of which changes anything.
/// </summary>
internal sealed unsafe class PoolForward<TSimd, TVector>(ThreadTeam team, Scratch scratch) : PoolWork<TSimd, TVector>(team, scratch)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    /// <summary>Output rows whose rows of x are brought in together: reading at once what was just written piecemeal would wait for it.</summary>
    private const int BurstRows = 8;

    private SampleRows _x;
    private OutputSteps _steps;
    private SampleRows _y;
    private ChosenTaps _chosen;

    /// <summary>Columns of a phase, with room for a vector beyond.</summary>
    private int _phaseColumns;
    private int _ringRows;
    private bool _inPlace;
    private bool _isPairs;
    private bool _isTriples;

    public void Max(in Pool2dGeometry g, int samples, SampleRows x, OutputSteps steps, SampleRows y, float* chosen) =>
        Execute(g, samples, true, false, x, steps, y, chosen);

    public void Average(in Pool2dGeometry g, bool countsPad, int samples, SampleRows x, OutputSteps steps, SampleRows y) =>
        Execute(g, samples, false, countsPad, x, steps, y, null);

    protected override long OwnElements() => _isTriples ? TripleElements : ((long)_ringRows * RowElements) + (4L * G.R * G.S) + (2L * (Q + CpuMemory.Slack)) + CpuMemory.Slack;

    private int RowElements => G.StrideW * _phaseColumns;

    protected override void Prepare(int thread)
    {
        if (_isTriples)
        {
            new Span<float>(Scratch.Own(thread), checked((int)(G.H * TripleLine))).Fill(float.NegativeInfinity);
        }
        else if (!_inPlace && !_isPairs)
        {
            new Span<float>(Scratch.Own(thread), _ringRows * RowElements).Fill(IsMax ? float.NegativeInfinity : 0);
        }
    }

    protected override void RunPlane(int sample, int channel, int thread)
    {
        if (_isPairs)
        {
            RunPairs(sample, channel);
            return;
        }

        if (_isTriples)
        {
            RunTriples(sample, channel, Scratch.Own(thread));
            return;
        }

        var g = G;
        var ring = Scratch.Own(thread);
        var taps = (float**)(ring + ((long)_ringRows * RowElements));
        var numbers = (float*)(taps + (g.R * g.S));
        var result = numbers + (g.R * g.S);
        var chosen = result + Q + CpuMemory.Slack;
        var (loaded, numbersFrom, firstNumber) = (0, -1, 0);
        var (dilation, window, ringRows, rowElements) = (g.DilationH, g.S, (uint)_ringRows, RowElements);
        var places = TapPlaces;
        var x = _x.At(sample, (long)channel * g.H * g.W);
        var hasNaN = IsMax && WindowRows<TSimd, TVector>.HasNaN(x, g.H * g.W);
        for (var p = 0; p < P; p++)
        {
            var top = (p * g.StrideH) - g.PadH;
            var first = top >= 0 ? 0 : (-top + g.DilationH - 1) / g.DilationH;
            var end = Math.Min(g.R, (g.H - top + g.DilationH - 1) / g.DilationH);
            var count = 0;
            if (!_inPlace && p % BurstRows == 0)
            {
                loaded = LoadRows(x, loaded, top + ((BurstRows - 1) * g.StrideH) + ((g.R - 1) * g.DilationH) + 1, ring);
            }

            if (first != numbersFrom)
            {
                (numbersFrom, firstNumber) = (first, first * g.S);
                for (var tap = 0; tap < (g.R - first) * g.S; tap++)
                {
                    numbers[tap] = (first * g.S) + tap;
                }
            }

            for (var r = first; r < end; r++)
            {
                var h = top + (r * dilation);
                var row = _inPlace ? x + ((long)h * g.W) : ring + ((long)((uint)h % ringRows) * rowElements);
                for (var s = 0; s < window; s++)
                {
                    taps[count++] = row + places[s];
                }
            }

            var place = (((long)channel * P) + p) * Q;
            var y = _y.At(sample, place);
            var target = _steps.IsNone ? y : result;
            if (!IsMax)
            {
                WindowRows<TSimd, TVector>.Average(taps, count, Pixels(top, g.R, g.H, g.PadH), ColumnValues, target, Q);
            }
            else if (hasNaN)
            {
                WindowRows<TSimd, TVector>.MaxOrNaN(taps, numbers, count, ColumnValues, firstNumber, target, chosen, Q);
            }
            else
            {
                WindowRows<TSimd, TVector>.Max(taps, numbers, count, ColumnValues, firstNumber, target, chosen, Q);
            }

            if (IsMax)
            {
                _chosen.Store<TSimd, TVector>(sample, place, Q, (P - p) * Q, chosen);
            }

            if (!_steps.IsNone)
            {
                EpilogueRows<TSimd, TVector>.WriteOutputs(result, Q, _steps.Activation, _steps.Addend.At(sample, place), y);
            }
        }
    }

    private void RunPairs(int sample, int channel)
    {
        var (image, place) = ((long)channel * G.H * G.W, (long)channel * P * Q);
        var x = _x.At(sample, image);
        var y = _y.At(sample, place);
        var addend = _steps.Addend.At(sample, place);
        if (IsMax)
        {
            PairKernels<TSimd, TVector>.Max(x, G.W, P, Q, _steps.Activation, addend, y, _chosen.BytesAt(sample, place));
        }
        else
        {
            PairKernels<TSimd, TVector>.Average(x, G.W, P, Q, _steps.Activation, addend, y);
        }
    }

    /// <summary>Elements of a row of x with its padding, as far as vectors of outputs read.</summary>
    private nint TripleLine => Math.Max(G.W + 2, G.StrideW * (Q + TSimd.Lanes)) + (2 * TSimd.Lanes);

    /// <summary>The same of a row of outputs.</summary>
    private nint OutputLine => Q + TSimd.Lanes;

    /// <summary>The image with its padding; the largest of three in each of its rows, and their taps; outputs and theirs.</summary>
    private long TripleElements => (G.H * (TripleLine + (2L * OutputLine))) + (2L * ((P * Q) + TSimd.Lanes));

    private void RunTriples(int sample, int channel, float* image)
    {
        var g = G;
        var (line, outputLine, place) = (TripleLine, OutputLine, (long)channel * P * Q);
        var values = image + (g.H * line);
        var taps = values + (g.H * outputLine);
        var outputs = taps + (g.H * outputLine);
        var chosen = outputs + (P * Q) + TSimd.Lanes;
        Packing.CopyBlock(_x.At(sample, (long)channel * g.H * g.W), g.W, g.H, g.W, image + g.PadW, line);
        TripleKernels<TSimd, TVector>.Rows(image, line, g.H, Q, g.StrideW, ColumnValues, values, taps, outputLine);
        for (var p = 0; p < P; p++)
        {
            var top = (p * g.StrideH) - g.PadH;
            var (first, end) = (Math.Max(0, -top), Math.Min(3, g.H - top));
            var row = (top + first) * outputLine;
            TripleKernels<TSimd, TVector>.Columns(values + row, taps + row, outputLine, first, end - first, Q, outputs + (p * Q), chosen + (p * Q));
        }

        _chosen.Store<TSimd, TVector>(sample, place, P * Q, P * Q, chosen);
        EpilogueRows<TSimd, TVector>.WriteOutputs(outputs, P * Q, _steps.Activation, _steps.Addend.At(sample, place), _y.At(sample, place));
    }

    private void Execute(
        in Pool2dGeometry g, int samples, bool isMax, bool countsPad, SampleRows x, OutputSteps steps, SampleRows y, float* chosen)
    {
        (_x, _steps, _y, _chosen) = (x, steps, y, new ChosenTaps(chosen, g));
        var reach = (g.S - 1) * g.DilationW / g.StrideW;
        var used = Math.Max(reach + g.Q, ((g.W - 1 + g.PadW) / g.StrideW) + 1);
        _phaseColumns = used + (2 * TSimd.Lanes) - (used % TSimd.Lanes);
        _isPairs = PairKernels<TSimd, TVector>.Covers(g);
        _isTriples = isMax && TripleKernels<TSimd, TVector>.Covers(g);
        _inPlace = g.StrideW == 1 && g.PadW == 0 && g.Q + reach <= g.W;
        _ringRows = _inPlace ? 0 : ((BurstRows - 1) * g.StrideH) + ((g.R - 1) * g.DilationH) + 1;
        Execute(g, samples, isMax, countsPad, _phaseColumns);
    }

    /// <summary>Brings rows of x into the ring up to <paramref name="end"/>; how far it got.</summary>
    private int LoadRows(float* x, int loaded, int end, float* ring)
    {
        for (; loaded < Math.Min(end, G.H); loaded++)
        {
            var row = ring + ((long)(loaded % _ringRows) * RowElements);
            PhaseRows<TSimd, TVector>.Split(x + ((long)loaded * G.W), G.W, G.StrideW, G.PadW, row, _phaseColumns);
        }

        return loaded;
    }
}
