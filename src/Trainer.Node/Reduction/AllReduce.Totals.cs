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
        else if (chunk != 0 || MembersAgree())
        {
            Announce((uint)chunk, _rounded.IsPacked(chunk) ? _rounded.Pack(chunk, total.Span) : total);
            CountTotal();
        }
    }

    private void FinishStatistics()
    {
        var statistics = _statistics.Sum(_step.Plan.Samples);
        if (!statistics.IsFinite)
        {
            Fail($"the loss is not finite ({statistics.MeanLoss})", isNotFinite: true);
        }
        else if (MembersAgree())
        {
            SumsOnTheWire.Write(statistics, _statisticsTotal);
            Announce(FrameHeader.Statistics, _statisticsTotal);
            _step.Statistics = statistics;
            CountTotal();
        }
    }

    private bool MembersAgree()
    {
        if (_agreement.Disagreement() is not { } who)
        {
            return true;
        }

        Fail($"the members' weights after the step before differ: {who}");
        return false;
    }

    private void Announce(uint chunk, ReadOnlyMemory<float> total)
    {
        var header = Header(FrameKind.Total, chunk);
        for (var rank = 0; rank < _links.Length; rank++)
        {
            if (rank != _setup.Rank)
            {
                Send(rank, header, total);
            }
        }
    }

    private void TakeTotal(uint chunk, ReadOnlySpan<float> total)
    {
        var owed = chunk == FrameHeader.Statistics ? SumsOnTheWire.Words : _rounded.WordsOf((int)chunk);
        if (total.Length != owed)
        {
            Fail($"{Plan.Names[Plan.Owner(chunk)]} sent {total.Length} words of the total of chunk {chunk}; it owes {owed}");
            return;
        }

        if (chunk == FrameHeader.Statistics)
        {
            _step.Statistics = SumsOnTheWire.Read(total);
        }
        else if (_rounded.IsPacked((int)chunk))
        {
            Bfloat16.Unpack(MemoryMarshal.Cast<float, ushort>(total), Slice(_setup.Buffers.Total, (int)chunk).Span);
        }
        else
        {
            total.CopyTo(Slice(_setup.Buffers.Total, (int)chunk).Span);
        }

        CountTotal();
    }

    private void CountTotal()
    {
        if (_step.CountTotal())
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
