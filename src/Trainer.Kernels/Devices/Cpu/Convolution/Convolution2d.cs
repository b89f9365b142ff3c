using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Direct;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Convolution.Winograd;
using Trainer.Kernels.Devices.Cpu.Gemm;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;
using Trainer.Kernels.Geometries;

namespace Trainer.Kernels.Devices.Cpu.Convolution;

/// <summary>
/// Forward and backward-data passes: by Winograd where the shape of a sample says so; else, with the same bits whichever way, direct where that wastes
/// little, which takes all groups at once, and otherwise as a product with packed patches, a group at a time.
/// </summary>
internal sealed unsafe class Convolution2d<TSimd, TVector>(ThreadTeam team, Scratch scratch) : IDisposable
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private readonly ConvolutionCall _call = new();
    private readonly DirectConvolution<TSimd, TVector> _direct = new(team, scratch);
    private readonly ChannelConvolution<TSimd, TVector> _channels = new(team, scratch);
    private readonly SampleConvolution<TSimd, TVector> _samples = new(team, scratch);
    private readonly ConvolutionProduct<TSimd, TVector> _product = new(team, scratch);
    private readonly WinogradConvolution<TSimd, TVector> _winograd = new(team, scratch);
    private readonly StridePhases<TSimd, TVector> _phases = new(team, scratch);

    public void Forward(in Conv2dGeometry g, int samples, SampleRows x, float* w, in Finish finish, SampleRows y)
    {
        var part = g.OfGroup();
        if (g.Groups > 1 && !WinogradTile.Suits(part))
        {
            _call.Forward(g, samples, x, w, finish, y);
            if (DirectConvolution<TSimd, TVector>.Suits(_call))
            {
                _direct.Execute(_call);
                return;
            }
        }

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
        if (g.Groups == 1 || (!WinogradTile.Suits(part) && SuitsDirectly(g, samples)))
        {
            BackwardDataOfGroups(g, samples, dy, w, finish, dx);
            return;
        }

        for (var group = 0; group < g.Groups; group++)
        {
            var (input, output) = ((long)group * part.C * g.H * g.W, (long)group * part.K * g.P * g.Q);
            var filters = w + ((long)group * part.K * g.Reduction);
            BackwardDataOfGroups(part, samples, dy.From(output), filters, finish.From(group * part.C, input), dx.From(input));
        }
    }

    public void Dispose()
    {
        _call.Dispose();
        _direct.Dispose();
        _channels.Dispose();
        _samples.Dispose();
        _phases.Dispose();
    }

    /// <summary>Whether every phase of a stride does.</summary>
    private bool SuitsDirectly(in Conv2dGeometry g, int samples)
    {
        _phases.Begin(g, samples);
        for (var index = 0; index < g.StrideH * g.StrideW; index++)
        {
            var (row, column) = Math.DivRem(index, g.StrideW);
            _call.BackwardData(g, _phases.Rows(row), _phases.Columns(column), samples, default, null, default, default);
            if (_phases.HasTaps(row, column) && !DirectConvolution<TSimd, TVector>.Suits(_call))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>One group, or all by the direct way.</summary>
    private void BackwardDataOfGroups(in Conv2dGeometry g, int samples, SampleRows dy, float* w, in Finish finish, SampleRows dx)
    {
        if (g.StrideH == 1 && g.StrideW == 1)
        {
            _call.BackwardData(g, samples, dy, w, finish, dx);
            if (WinogradTile.Suits(g.OfGroup()))
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
        if (!DirectConvolution<TSimd, TVector>.Suits(_call))
        {
            _product.Execute(_call);
        }
        else if (_samples.Suits(_call) && _samples.TryExecute(_call))
        {
            return;
        }
        else if (ChannelConvolution<TSimd, TVector>.Suits(_call))
        {
            _channels.Execute(_call);
        }
        else
        {
            _direct.Execute(_call);
        }
    }
}
