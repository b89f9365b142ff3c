using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Elementwise;

/// <summary>Images with zeros around them, row by row; and back, where a row of dx is a part of a row of dy.</summary>
internal sealed unsafe class ZeroPad2dWork<TSimd, TVector>(ThreadTeam team) : SampleWork(team)
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private Pad2dGeometry _g;
    private bool _isForward;
    private SampleRows _source;
    private GradientSteps _steps;
    private SampleRows _target;

    public void Forward(in Pad2dGeometry g, int samples, SampleRows x, SampleRows y)
    {
        (_g, _isForward, _source, _target) = (g, true, x, y);
        Execute(samples, (long)g.C * g.P * g.Q);
    }

    public void Backward(in Pad2dGeometry g, int samples, SampleRows dy, GradientSteps steps, SampleRows dx)
    {
        (_g, _isForward, _source, _steps, _target) = (g, false, dy, steps, dx);
        Execute(samples, (long)g.C * g.H * g.W);
    }

    protected override void RunElementsOf(int sample, long first, int count)
    {
        var (rows, columns) = _isForward ? (_g.P, _g.Q) : (_g.H, _g.W);
        for (var (at, end) = (first, first + count); at < end;)
        {
            var (line, column) = (at / columns, (int)(at % columns));
            var length = (int)Math.Min(end - at, columns - column);
            var (channel, row) = (line / rows, (int)(line % rows));
            if (_isForward)
            {
                WriteRow(sample, channel, row - _g.Top, column - _g.Left, new Span<float>(_target.At(sample, at), length));
            }
            else
            {
                var source = _source.At(sample, (((channel * _g.P) + row + _g.Top) * _g.Q) + column + _g.Left);
                EpilogueRows<TSimd, TVector>.WriteGradients(
                    source, length, _steps.Activation, _steps.Output.At(sample, at), _steps.Addend.At(sample, at), _target.At(sample, at));
            }

            at += length;
        }
    }

    /// <param name="row">Of the image; outside of it there are zeros.</param>
    /// <param name="column">Of the image, of the first element of <paramref name="y"/>.</param>
    private void WriteRow(int sample, long channel, int row, int column, Span<float> y)
    {
        var (from, to) = (Math.Clamp(-column, 0, y.Length), Math.Clamp(_g.W - column, 0, y.Length));
        if (row < 0 || row >= _g.H || from >= to)
        {
            y.Clear();
            return;
        }

        y[..from].Clear();
        new ReadOnlySpan<float>(_source.At(sample, (((channel * _g.H) + row) * _g.W) + column + from), to - from).CopyTo(y[from..]);
        y[to..].Clear();
    }
}
