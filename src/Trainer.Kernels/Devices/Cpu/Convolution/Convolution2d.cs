using Trainer.Kernels.Devices.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Winograd;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// Forward and backward-data passes, a group at a time: by Winograd where the shape of a sample says so; else, with the same bits whichever way,
/// direct where that wastes little and otherwise as a product with packed patches.
/// </summary>
internal sealed unsafe class Convolution2d<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly ConvolutionCall _call = new();
    private readonly DirectConvolution<TSimd, TVector> _direct = new(team, scratch);
    private readonly ConvolutionProduct<TSimd, TVector> _product = new(team, scratch);
    private readonly WinogradConvolution<TSimd, TVector> _winograd = new(team, scratch);
    private readonly StridePhases<TSimd, TVector> _phases = new(team, scratch);

    public void Forward(in Conv2dGeometry g, int samples, SampleRows x, float* w, in Finish finish, SampleRows y)
    {
        var part = g.OfGroup();
        for (var group = 0; group < g.Groups; group++)
        {
            var (input, output) = ((long)group * part.C * g.H * g.W, (long)group * part.K * g.P * g.Q);
            _call.Forward(part, samples, x.From(input), w + ((long)group * part.K * g.Reduction), finish.From(group * part.K, output), y.From(output));
            if (WinogradTile.Suits(part))
            {
                _winograd.Execute(_call, g.H, g.W, g.PadH, g.PadW);
            }
            else
            {
                Execute();
            }
        }
    }

    public void BackwardData(in Conv2dGeometry g, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx)
    {
        var part = g.OfGroup();
        for (var group = 0; group < g.Groups; group++)
        {
            var (input, output) = ((long)group * part.C * g.H * g.W, (long)group * part.K * g.P * g.Q);
            var filters = w + ((long)group * part.K * g.Reduction);
            BackwardDataOfGroup(part, samples, dy.From(output), filters, finish.From(group * part.C, input), dx.From(input));
        }
    }

    public void Dispose()
    {
        _call.Dispose();
        _direct.Dispose();
        _phases.Dispose();
    }

    private void BackwardDataOfGroup(in Conv2dGeometry g, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx)
    {
        if (g.StrideH == 1 && g.StrideW == 1)
        {
            _call.BackwardData(g, samples, dy, w, finish, dx);
            if (WinogradTile.Suits(g))
            {
                _winograd.Execute(_call, g.P, g.Q, g.R - 1 - g.PadH, g.S - 1 - g.PadW);
            }
            else
            {
                Execute();
            }

            return;
        }

        _phases.Begin(g, samples);
        for (var index = 0; index < g.StrideH * g.StrideW; index++)
        {
            var (row, column) = Math.DivRem(index, g.StrideW);
            if (_phases.HasTaps(row, column))
            {
                _call.BackwardData(g, _phases.Rows(row), _phases.Columns(column), samples, dy, w, default, _phases.Image(row, column));
                Execute();
            }
        }

        _phases.Join(finish, dx);
    }

    private void Execute()
    {
        if (DirectConvolution<TSimd, TVector>.Suits(_call))
        {
            _direct.Execute(_call);
        }
        else
        {
            _product.Execute(_call);
        }
    }
}
