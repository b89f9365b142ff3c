using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>From complete chunks to totals, from all totals to the waiting training thread; or a step that fails.</summary>
internal sealed partial class AllReduce
{
    private void FinishChunk(int chunk, ChunkSum sum)
    {
        var total = Slice(_setup.Buffers.Total, chunk);
        var finite = sum.Fold(_step.Plan.Samples, total.Span) & _rounded.Round(chunk, total.Span);
        sum.Release(_links);
        if (!finite)
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
        if (!statistics.IsFinite)
        {
            Fail($"the loss is not finite ({statistics.MeanLoss})", isNotFinite: true);
        }
        else
        {
            SumsOnTheWire.Write(statistics, _statisticsTotal);
            _step.Statistics = statistics;
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

        var header = Header(FrameKind.Total, chunk);
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
        else if (_rounded.IsPacked((int)chunk))
        {
            Bfloat16.Unpack(MemoryMarshal.Cast<float, ushort>(total), Slice(_setup.Buffers.Total, (int)chunk).Span);
        }
        else
        {
            total.CopyTo(Slice(_setup.Buffers.Total, (int)chunk).Span);
        }

        CountTotal(chunk);
    }

    private void CountTotal(uint chunk)
    {
        if (_step.CountTotal(chunk))
        {
            _setup.Waiter.Complete(_step.Result());
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
