using Trainer.Kernels.Canonical;
using Trainer.Kernels.Devices.Cpu.Memory;

namespace Trainer.Kernels.Devices.Cpu.Convolution.Winograd;

/// <summary>How large chunks and blocks are, and the memory for them.</summary>
internal sealed unsafe partial class WinogradBackwardWeights<TSimd, TVector>
{
    /// <summary>Elements of a chunk's transformed operands, about: 16 MiB.</summary>
    private const int ChunkElements = 4 << 20;

    /// <summary>Rows and columns of a block: its products take half of a second-level cache.</summary>
    private const int BlockRows = 48;
    private const int BlockColumns = 64;

    private const int BlocksPerThread = 3;

    /// <summary>Threads that a chunk of the usual size is for.</summary>
    private const int ChunkThreads = 8;

    /// <summary>Channels of dy from which on tiles side by side would fall into few sets of a first-level cache; they are then kept in panels of a block's rows.</summary>
    private const int ManyChannels = 128;

    /// <summary>The most elements of partial sums that are written to memory: 16 MiB.</summary>
    private const long MostPartials = 4 << 20;

    /// <summary>Chunks of about one size. Many threads have a larger cache together, and need more work between two barriers.</summary>
    private void ChooseChunk()
    {
        var elements = (long)ChunkElements * Math.Max(1, team.Count / ChunkThreads);
        var fitting = elements / (_tiles.Points * (WinogradTile.Padded(_g.C) + WinogradTile.Padded(_g.K)));
        var chunks = Blocks(_plan.Count, (int)Math.Clamp(fitting / _plan.LongestPiece, 1, _plan.Count));
        _chunkTiles = (int)Math.Min(_plan.Pixels, (long)Blocks(_plan.Count, chunks) * _plan.LongestPiece);
    }

    /// <summary>Smaller blocks where there would be too few for all threads; if those are too few as well, blocks of each piece.</summary>
    private void ChooseBlocks()
    {
        ChooseBlocks(Math.Max(BlocksPerThread * team.Count, team.EnoughPieces));
        _byPiece = BlockCount < team.EnoughPieces && _plan.Count * GradientElements <= MostPartials;
        if (_byPiece)
        {
            ChooseBlocks(Blocks(team.EnoughPieces, Math.Max(1, _chunkTiles / _plan.LongestPiece)));
            _byPiece = _plan.Count * GradientElements <= MostPartials;
        }
    }

    private void ChooseBlocks(int enough)
    {
        _rowPanels = Math.Min(_kernel.RowPanels(_g.K), Math.Max(1, BlockRows / _kernel.Rows));
        _columnPanels = Math.Min(_kernel.ColumnPanels(_g.C), Math.Max(1, BlockColumns / _kernel.Columns));
        while (BlockCount < enough && _rowPanels * _columnPanels > 1)
        {
            (_rowPanels, _columnPanels) = _columnPanels > 1 ? (_rowPanels, _columnPanels / 2) : (_rowPanels / 2, _columnPanels);
        }
    }

    private void Reserve(SampleRows x, SampleRows dy)
    {
        var panel = _g.K >= ManyChannels && BlockRows % _kernel.Rows == 0 ? BlockRows : WinogradTile.Padded(_g.K);
        var left = TransformedTiles.Elements(_tiles.Points, _chunkTiles, _g.K, panel);
        var right = TransformedTiles.Elements(_tiles.Points, _chunkTiles, _g.C, _kernel.Columns);
        var shared = scratch.Shared(left + right + ((_byPiece ? _plan.Count : _plan.StackDepth) * GradientElements));
        _left = new TransformedTiles(shared, _chunkTiles, _g.K, panel);
        _right = new TransformedTiles(shared + left, _chunkTiles, _g.C, _kernel.Columns);
        _sums = shared + left + right;
        _transforming.Describe(this, _tiles, x, dy);
        var products = (_tiles.Points * BlockElements) + (_tiles.Points * Lane);
        scratch.EnsureOwn(Math.Max(_transforming.Work, products));
        var offsets = _offsets.Ensure<int>(_kernel.Rows);
        for (var row = 0; row < _kernel.Rows; row++)
        {
            offsets[row] = row;
        }
    }
}
