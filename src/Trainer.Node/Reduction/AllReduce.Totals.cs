using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>From complete chunks to totals, from all totals to the waiting training thread; or a step that fails.</summary>
internal sealed partial class AllReduce
{
    private ulong _statisticsHash;

    private void FinishChunk(int chunk, ChunkSum sum)
    {
        var total = Slice(_setup.Buffers.Total, chunk);
        var finite = sum.Fold(_step.Plan.Samples, total.Span, _folded, _rounded.CountOf(chunk));
        _setup.Hashes.MadeTotal(chunk);
        var spoilt = sum.FindSpoilt(_folded);
        sum.Release(_links);
        if (spoilt >= 0)
        {
            Distrust(Plan.RankOf(spoilt), $"The gradient of shards {Plan.Ranges[spoilt]}, chunk {chunk},");
        }
        else if (!finite)
        {
            Fail($"the gradient is not finite (elements {Plan.Extent(chunk).Offset} to {Plan.Extent(chunk).Offset + total.Length - 1})", isNotFinite: true);
        }
        else
        {
            Announce((uint)chunk);
        }
    }

    private void FinishStatistics()
    {
        var statistics = _statistics.Sum(_step.Plan.Samples);
        if (_statistics.FindSpoilt() is var spoilt and >= 0)
        {
            Distrust(spoilt, "The statistics of an item");
        }
        else if (!statistics.IsFinite)
        {
            Fail($"the loss is not finite ({statistics.MeanLoss})", isNotFinite: true);
        }
        else
        {
            SumsOnTheWire.Write(statistics, _statisticsTotal);
            _statisticsHash = HostHash.Of(_statisticsTotal);
            (_step.Statistics, _step.Samples) = (statistics, _statistics.SamplesOf(_step.Plan.Samples));
            Announce(FrameHeader.Statistics);
        }
    }

    /// <summary>Sends a finished total to all, then takes it: at once, or, at rank 0, once the item before is committed.</summary>
    private void Announce(uint chunk)
    {
        if (_setup.Rank == 0 && _commits.Committed + 1 < _step.Item)
        {
            _withheld.Enqueue(chunk);
            return;
        }

        var hash = chunk == FrameHeader.Statistics ? _statisticsHash : _setup.Hashes.Totals.Span[(int)chunk];
        var header = Header(FrameKind.Total, chunk) with { PayloadHash = hash };
        if (chunk == FrameHeader.Statistics)
        {
            _step.EndsGeneration = header.Hold;
        }

        var total = TotalOf(chunk);
        for (var rank = 0; rank < _links.Length; rank++)
        {
            if (rank != _setup.Rank)
            {
                Send(rank, header, total);
            }
        }

        CountTotal(chunk);
    }

    private ReadOnlyMemory<float> TotalOf(uint chunk)
    {
        if (chunk == FrameHeader.Statistics)
        {
            return _statisticsTotal;
        }

        var total = Slice(_setup.Buffers.Total, (int)chunk);
        return _rounded.IsPacked((int)chunk) ? _rounded.Pack((int)chunk, total.Span) : total;
    }

    private void TakeTotal(in FrameHeader header, ReadOnlySpan<float> total)
    {
        var chunk = header.Chunk;
        if (_step.HasTotal(chunk))
        {
            Fail($"{Plan.Names[Plan.Owner(chunk)]} sent the total of chunk {chunk} twice");
            return;
        }

        var owed = chunk == FrameHeader.Statistics ? SumsOnTheWire.Words : _rounded.WordsOf((int)chunk);
        if (total.Length != owed)
        {
            Fail($"{Plan.Names[Plan.Owner(chunk)]} sent {total.Length} words of the total of chunk {chunk}; it owes {owed}");
            return;
        }

        if (chunk == FrameHeader.Statistics)
        {
            _step.Statistics = SumsOnTheWire.Read(total);
            _step.EndsGeneration = header.Hold;
        }
        else
        {
            Place((int)chunk, total);
        }

        // Of what will be applied, where it lies then.
        TrustTotal(header, chunk == FrameHeader.Statistics ? HostHash.Of(total) : _setup.Hashes.MadeTotal((int)chunk));
    }

    /// <summary>A link's reader has put it where it belongs.</summary>
    private void TakePlaced(TotalPlaced total)
    {
        _hold |= total.Header.Hold;
        _step.Received(total.Header.PayloadLength);
        if (!_step.HasFailed)
        {
            TrustTotal(total.Header, total.Hash);
        }
    }

    private void TrustTotal(in FrameHeader header, ulong hash)
    {
        if (hash == header.PayloadHash)
        {
            CountTotal(header.Chunk);
        }
        else
        {
            Distrust(header.Rank, header.Chunk == FrameHeader.Statistics ? "The total of an item's statistics" : $"The total of chunk {header.Chunk}");
        }
    }

    private void Place(int chunk, ReadOnlySpan<float> total)
    {
        if (_rounded.IsPacked(chunk))
        {
            Bfloat16.Unpack(MemoryMarshal.Cast<float, ushort>(total), Slice(_setup.Buffers.Total, chunk).Span);
        }
        else
        {
            total.CopyTo(Slice(_setup.Buffers.Total, chunk).Span);
        }
    }

    private void CountTotal(uint chunk)
    {
        if (_step.CountTotal(chunk))
        {
            _setup.Waiter.Complete(_step.Result() with { Totals = _setup.Hashes.Totals[.._step.Plan.Chunks] });
        }
    }

    private void Fail(string reason, bool isNotFinite = false)
    {
        if (!_step.HasFailed)
        {
            _step.HasFailed = true;
            _setup.Waiter.Fail(new StepFailedException(reason, isNotFinite));
        }
    }
}
