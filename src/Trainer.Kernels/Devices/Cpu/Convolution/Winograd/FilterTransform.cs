using System.Runtime.CompilerServices;
using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;
using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// G w G^T of all filters of a call, once per call: for each point the weights (source channels x target channels) in panels of some target channels.
/// A piece of work is 16 target channels.
/// </summary>
internal sealed unsafe class FilterTransform<TSimd, TVector>(ThreadTeam team, Scratch scratch) : ParallelWork
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;

    private ConvolutionCall? _call;
    private WinogradTile _tile;
    private TransformedTiles _target;

    private int Depth => _call!.Patches.Channels;

    /// <summary>Elements of each thread's memory that it needs.</summary>
    public static long Work(ConvolutionCall call) => ((long)call.Depth * Lane) + (WinogradTile.Points * Lane) + CpuMemory.Slack;

    /// <summary>Source channels stand where tiles do in other operands.</summary>
    public void Execute(ConvolutionCall call, WinogradTile tile, TransformedTiles target)
    {
        (_call, _tile, _target) = (call, tile, target);
        team.Run(this, (call.Channels + Lane - 1) / Lane);
    }

    public override void Run(int piece, int thread)
    {
        var columns = scratch.Own(thread);
        var taps = columns + (WinogradTile.Points * Lane);
        var channel = piece * Lane;
        _call!.TurnFilters(channel, Math.Min(Lane, _call.Channels - channel), taps, Lane);
        for (var depth = 0; depth < Depth; depth++)
        {
            Transform(taps + (depth * _tile.Taps * Lane), columns, depth, channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transform(float* taps, float* columns, int depth, int channel)
    {
        var (filter, pointStride) = (_tile.Filter, _target.PointStride);
        nint row = filter * Lane;
        for (var lane = 0; lane < Lane; lane += TSimd.Lanes)
        {
            for (var column = 0; column < filter; column++)
            {
                TransformLine(filter, taps + (column * Lane) + lane, row, columns + (column * Lane), row);
            }

            var target = _target.At(depth, channel + lane);
            for (var line = 0; line < WinogradTile.Inputs; line++)
            {
                TransformLine(filter, columns + (line * row), Lane, target + (line * WinogradTile.Inputs * pointStride), pointStride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransformLine(int filter, float* source, nint step, float* target, nint targetStep)
    {
        if (filter == 3)
        {
            WinogradTransforms<TSimd, TVector>.Filter(source, step, target, targetStep);
        }
        else
        {
            WinogradTransforms<TSimd, TVector>.Filter5(source, step, target, targetStep);
        }
    }
}
