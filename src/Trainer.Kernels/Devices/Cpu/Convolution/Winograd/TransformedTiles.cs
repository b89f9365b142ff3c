using Trainer.Kernels.Canonical;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>
/// How transformed tiles lie in memory: a plane for each point, of panels of some channels; in a panel tile by tile, channels side by side.
/// </summary>
internal readonly unsafe struct TransformedTiles(float* first, int tiles, int channels, int panelChannels)
{
    public float* First { get; } = first;

    /// <summary>Elements from a point's plane to the next. A cache line more than a plane: the points of a tile fall into different cache sets.</summary>
    public nint PointStride { get; } = (nint)PlaneElements(tiles, channels, panelChannels) + WinogradTile.Channels;

    public nint PanelStride { get; } = (nint)tiles * panelChannels;

    public nint TileStride { get; } = panelChannels;

    public static long Elements(int points, long tiles, int channels, int panelChannels) =>
        points * (PlaneElements(tiles, channels, panelChannels) + WinogradTile.Channels);

    /// <summary>Point 0 of a tile from a channel on; its panel must hold the vector that is read or written there.</summary>
    public float* At(int tile, int channel)
    {
        var (panel, place) = Math.DivRem(channel, (int)TileStride);
        return First + (panel * PanelStride) + (tile * TileStride) + place;
    }

    private static long PlaneElements(long tiles, int channels, int panelChannels) =>
        tiles * ((WinogradTile.Padded(channels) + panelChannels - 1) / panelChannels * panelChannels);
}
