using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Convolution.Patches;
using Trainer.Kernels.Devices.Cpu.Memory;
using Trainer.Kernels.Devices.Cpu.Simd;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// G w G^T of the filters of a call, 16 target channels at a time: for each point the weights (source channels x target channels) in panels of some target channels.
/// </summary>
internal sealed unsafe class FilterTransform<TSimd, TVector>
    where TSimd : ISimd<TVector>
    where TVector : struct
{
    private const int Lane = WinogradTile.Channels;

    private ConvolutionCall? _call;
    private WinogradTile _tiles;
    private WinogradLoops<TSimd, TVector>? _loops;

    /// <summary>Elements of memory that <see cref="Run"/> needs.</summary>
    public long Work => ((long)_call!.Depth * Lane) + (_tiles.Points * Lane) + CpuMemory.Slack;

    public void Describe(ConvolutionCall call, WinogradTile tiles) => (_call, _tiles, _loops) = (call, tiles, WinogradLoops<TSimd, TVector>.Of(tiles));

    /// <summary>Source channels stand in the target where tiles do in other operands.</summary>
    /// <param name="channel">The first of 16 target channels.</param>
    /// <param name="place">Where they begin in the target.</param>
    public void Run(int channel, in TransformedTiles target, int place, float* work)
    {
        var taps = work + (_tiles.Points * Lane);
        _call!.TurnFilters(channel, Math.Min(Lane, _call.Channels - channel), taps, Lane);
        for (var depth = 0; depth < _call.Patches.Channels; depth++, taps += _tiles.Taps * Lane)
        {
            for (var lane = 0; lane < Lane; lane += TSimd.Lanes)
            {
                _loops!.Filter(taps + lane, work, target.At(depth, place + lane), target.PointStride);
            }
        }
    }
}
