using System.Runtime.CompilerServices;
using Trainer.Kernels.Devices.Cpu.Gemm;
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
    private const int Taps = 9;

    private ConvolutionCall? _call;
    private TransformedTiles _target;

    private int Depth => _call!.Patches.Channels;

    /// <summary>Elements of each thread's memory that it needs.</summary>
    public static long Work(ConvolutionCall call) => ((long)call.Patches.Channels * Taps * Lane) + (3 * WinogradTile.Inputs * Lane) + CpuMemory.Slack;

    /// <summary>Source channels stand where tiles do in other operands.</summary>
    public void Execute(ConvolutionCall call, TransformedTiles target)
    {
        (_call, _target) = (call, target);
        team.Run(this, (call.Channels + Lane - 1) / Lane);
    }

    public override void Run(int piece, int thread)
    {
        var columns = scratch.Own(thread);
        var taps = columns + (3 * WinogradTile.Inputs * Lane);
        var channel = piece * Lane;
        _call!.TurnFilters(channel, Math.Min(Lane, _call.Channels - channel), taps, Lane);
        for (var depth = 0; depth < Depth; depth++)
        {
            Transform(taps + (depth * Taps * Lane), columns, depth, channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transform(float* taps, float* columns, int depth, int channel)
    {
        for (var lane = 0; lane < Lane; lane += TSimd.Lanes)
        {
            for (var column = 0; column < 3; column++)
            {
                WinogradTransforms<TSimd, TVector>.Filter(taps + (column * Lane) + lane, 3 * Lane, columns + (column * Lane), 3 * Lane);
            }

            var target = _target.At(depth, channel + lane);
            for (var row = 0; row < WinogradTile.Inputs; row++)
            {
                var line = target + (row * WinogradTile.Inputs * _target.PointStride);
                WinogradTransforms<TSimd, TVector>.Filter(columns + (row * 3 * Lane), Lane, line, _target.PointStride);
            }
        }
    }
}
