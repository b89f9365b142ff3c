using System.Runtime.CompilerServices;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Patches;

/// <summary>
/// Backward-data with a stride: the pixels of dx fall into StrideH x StrideW phases, each of which is a convolution without stride over dy with the taps that
/// meet its pixels. They are computed as images of their own and then joined, which is when they are finished.
/// </summary>
internal sealed unsafe class StridePhases<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork, IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly NativeBuffer _images = new();
    private StridePhase[] _rows = [];
    private StridePhase[] _columns = [];
    private Conv2dGeometry _g;
    private int _samples;
    private float* _memory;
    private Finish _finish;
    private SampleRows _dx;

    public void Begin(in Conv2dGeometry g, int samples)
    {
        (_g, _samples) = (g, samples);
        _memory = _images.Ensure<float>(((long)samples * g.C * g.H * g.W) + CpuMemory.Slack);
        _rows = _rows.Length < g.StrideH ? new StridePhase[g.StrideH] : _rows;
        _columns = _columns.Length < g.StrideW ? new StridePhase[g.StrideW] : _columns;
        for (var phase = 0; phase < g.StrideH; phase++)
        {
            _rows[phase] = StridePhase.Of(phase, g.H, g.R, g.StrideH, g.PadH, g.DilationH);
        }

        for (var phase = 0; phase < g.StrideW; phase++)
        {
            _columns[phase] = StridePhase.Of(phase, g.W, g.S, g.StrideW, g.PadW, g.DilationW);
        }
    }

    public StridePhase Rows(int phase) => _rows[phase];

    public StridePhase Columns(int phase) => _columns[phase];

    /// <summary>Whether there are pixels in a phase and taps that meet them.</summary>
    public bool HasTaps(int row, int column) => _rows[row].Taps * _columns[column].Taps * _rows[row].Pixels * _columns[column].Pixels > 0;

    /// <summary>Where a phase's pixels are to be written, (samples, C, rows, columns).</summary>
    public SampleRows Image(int row, int column)
    {
        var before = 0L;
        for (var i = 0; i < row; i++)
        {
            before += (long)_rows[i].Pixels * _g.W;
        }

        for (var i = 0; i < column; i++)
        {
            before += (long)_rows[row].Pixels * _columns[i].Pixels;
        }

        return new SampleRows(_memory + (_samples * _g.C * before), (long)_g.C * _rows[row].Pixels * _columns[column].Pixels);
    }

    public void Join(in Finish finish, SampleRows dx)
    {
        (_finish, _dx) = (finish, dx);
        scratch.EnsureOwn((2L * _g.W) + CpuMemory.Slack);
        team.Run(this, _samples);
    }

    /// <summary>One sample.</summary>
    public override void Run(int piece, int thread)
    {
        var sources = stackalloc float*[_g.StrideW];
        for (var row = 0; row < _g.StrideH; row++)
        {
            for (var column = 0; column < _g.StrideW; column++)
            {
                sources[column] = HasTaps(row, column) ? Image(row, column).At(piece, 0) : null;
            }

            for (var i = 0; i < _rows[row].Pixels * _g.C; i++)
            {
                var (channel, y) = Math.DivRem(i, _rows[row].Pixels);
                JoinRow(piece, (((long)channel * _g.H) + row + ((long)y * _g.StrideH)) * _g.W, sources, i, scratch.Own(thread));
            }
        }
    }

    public void Dispose() => _images.Dispose();

    /// <param name="element">First of a row of dx.</param>
    /// <param name="sources">Of a sample's phases; null where no taps meet the pixels.</param>
    /// <param name="index">Of the row in them.</param>
    private void JoinRow(int sample, long element, float** sources, int index, float* line)
    {
        for (var column = 0; column < _g.StrideW; column++)
        {
            var pixels = _columns[column].Pixels;
            Spread(sources[column] == null ? null : sources[column] + ((long)index * pixels), pixels, line + column, _g.StrideW);
        }

        Epilogue<TSimd, TVector>.WriteChannels(line, 0, 1, _g.W, _dx.At(sample, element), 0, _finish, _finish.At(sample, element, null, null, 0));
    }

    /// <param name="source">Null: zeros.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(float* source, int count, float* target, nint step)
    {
        for (var i = 0; i < count; i++, target += step)
        {
            *target = source == null ? 0 : source[i];
        }
    }
}
