namespace Trainer.Kernels.Data;

/// <summary>
/// Reads the batches that a plan names, some ahead of whoever computes, on threads of its own. Where reading is no more than turning bytes in memory into floats, it is done
/// when a batch is taken, without threads: they would only get in the way.
/// </summary>
/// <remarks>
/// What a batch holds is a function of the plan, so neither the number of threads nor the order in which they read changes a bit. In steady state nothing is allocated.
/// </remarks>
public sealed class BatchLoader : IDisposable
{
    private const int Slots = 3;
    private const int MostThreads = 8;
    private const int CoresPerThread = 4;

    private static readonly TimeSpan LooksForInterruption = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new(); // a Lock has no conditions to wait for
    private readonly IReadOnlyList<DataSet> _sets;
    private readonly ulong _seed;
    private readonly int _stride;
    private readonly BatchSlot[] _slots = [.. Enumerable.Range(0, Slots).Select(_ => new BatchSlot())];
    private readonly SampleReader[]? _direct;
    private readonly List<Thread> _threads = [];
    private IBatchPlan? _plan;
    private long _taken;
    private long _planned;
    private bool _isOver;

    /// <param name="sets">Loaded, and of one shape.</param>
    /// <param name="seed">Of what transforms draw.</param>
    /// <param name="threads">Default: a quarter of the processors, 8 at most.</param>
    public BatchLoader(IReadOnlyList<DataSet> sets, ulong seed, int? threads = null)
    {
        (_sets, _seed, _stride) = (sets, seed, (int)sets[0].Shape.Elements);
        if (threads is null && sets.All(set => set.IsReadyMade))
        {
            _direct = [.. sets.Select(set => set.OpenReader(seed))];
            return;
        }

        for (var thread = threads ?? Math.Clamp(Environment.ProcessorCount / CoresPerThread, 1, MostThreads); thread > 0; thread--)
        {
            _threads.Add(new Thread(Work) { IsBackground = true, Name = "data" });
        }

        _threads.ForEach(thread => thread.Start());
    }

    /// <summary>Goes on with other batches: those that were read ahead are discarded, and nothing else.</summary>
    public void Begin(IBatchPlan plan)
    {
        lock (_gate)
        {
            for (var i = _taken; i < _planned; i++)
            {
                SlotOf(i).Discard();
            }

            while (_slots.Any(slot => slot.IsBusy))
            {
                Monitor.Wait(_gate);
            }

            (_plan, _planned) = (plan, _taken);
            PlanAhead();
        }
    }

    /// <summary>Waits for the next batch, and copies it; nothing is mixed.</summary>
    /// <returns>Its samples.</returns>
    /// <exception cref="DataFileException">One of them cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The plan has no more batches.</exception>
    public int Take(Span<float> images, Span<int> labels, CancellationToken interruption = default) => Take(new BatchBuffers(images, labels), out _, interruption);

    /// <summary>Waits for the next batch, and copies it; mixed, where its set says so and the plan who is mixed with whom.</summary>
    /// <param name="mixture">How samples and labels were mixed; null: they were not.</param>
    /// <returns>Its samples.</returns>
    /// <exception cref="DataFileException">One of them cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The plan has no more batches.</exception>
    public int Take(BatchBuffers to, out Mixture? mixture, CancellationToken interruption = default)
    {
        var slot = _direct is null ? Await(interruption) : NextDirect();
        var (batch, set, samples) = (slot.Batch, _sets[slot.Batch.Set], slot.Batch.Count);
        slot.ThrowIfFailed();
        mixture = !to.Others.IsEmpty && batch.Step > 0 ? set.Mix?.Of(_seed, batch.Step, set.Shape) : null;
        if (_direct is not null)
        {
            Read(_direct[batch.Set], slot, mixture is null ? to.Images : slot.Images);
        }

        if (mixture is { } mixes)
        {
            CopyMixed(slot, mixes, to);
        }
        else if (_direct is null)
        {
            slot.Images.AsSpan(0, samples * _stride).CopyTo(to.Images);
        }

        slot.Labels.AsSpan(0, samples).CopyTo(to.Labels);
        if (set.HasSeveralLabels && !to.Targets.IsEmpty)
        {
            FillTargets(batch, set, mixture, to);
        }

        if (_direct is null)
        {
            lock (_gate)
            {
                _taken++;
                PlanAhead();
            }
        }

        return samples;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.PulseAll(_gate);
        }

        _threads.ForEach(thread => thread.Join());
    }

    private BatchSlot NextDirect()
    {
        var slot = _slots[0];
        if (_plan is null || !_plan.Next(slot.Batch))
        {
            throw NoMore();
        }

        slot.Begin(_sets[slot.Batch.Set].Mix is null ? 0 : _stride);
        return slot;
    }

    private void Read(SampleReader reader, BatchSlot slot, Span<float> images)
    {
        for (var i = 0; i < slot.Batch.Count; i++)
        {
            slot.Labels[i] = reader.Read(slot.Batch[i], slot.Batch.Epoch, images.Slice(i * _stride, _stride), slot.Batch.InEpoch(i));
        }
    }

    private void CopyMixed(BatchSlot slot, in Mixture mixture, BatchBuffers to)
    {
        var shape = _sets[slot.Batch.Set].Shape;
        var read = slot.Images.AsSpan();
        for (var i = 0; i < slot.Batch.Count; i++)
        {
            var partner = slot.Batch.PartnerOf(i);
            mixture.Apply(shape, read.Slice(i * _stride, _stride), read.Slice(partner * _stride, _stride), to.Images.Slice(i * _stride, _stride));
            to.Others[i] = slot.Labels[partner];
        }
    }

    private static void FillTargets(BatchSamples batch, DataSet set, Mixture? mixture, BatchBuffers to)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var targets = to.Targets.Slice(i * to.Outputs, to.Outputs);
            targets.Clear();
            set.AddTargets(batch[i], mixture?.Own ?? 1, targets);
            if (mixture is { } mixed)
            {
                set.AddTargets(batch[batch.PartnerOf(i)], mixed.Partners, targets);
            }
        }
    }

    private BatchSlot Await(CancellationToken interruption)
    {
        lock (_gate)
        {
            if (_taken == _planned)
            {
                throw NoMore();
            }

            var slot = SlotOf(_taken);
            while (!slot.IsReady)
            {
                interruption.ThrowIfCancellationRequested();
                Monitor.Wait(_gate, LooksForInterruption);
            }

            return slot;
        }
    }

    private void PlanAhead()
    {
        if (_direct is not null)
        {
            return;
        }

        while (_planned - _taken < Slots && _plan!.Next(SlotOf(_planned).Batch))
        {
            SlotOf(_planned++).Begin(_stride);
        }

        Monitor.PulseAll(_gate);
    }

    private void Work()
    {
        SampleReader[] readers = [.. _sets.Select(set => set.OpenReader(_seed))];
        while (Claim(out var sample) is { } slot)
        {
            Exception? failure = null;
            try
            {
                var at = slot.Images.AsSpan(sample * _stride, _stride);
                slot.Labels[sample] = readers[slot.Batch.Set].Read(slot.Batch[sample], slot.Batch.Epoch, at, slot.Batch.InEpoch(sample));
            }
            catch (Exception e)
            {
                failure = e;
            }

            lock (_gate)
            {
                slot.Done(failure);
                if (slot.IsReady || !slot.IsBusy)
                {
                    Monitor.PulseAll(_gate);
                }
            }
        }
    }

    /// <summary>The next sample that nobody reads yet, of the earliest batch that has one; waits until there is one. Null: the loader is over.</summary>
    private BatchSlot? Claim(out int sample)
    {
        lock (_gate)
        {
            while (true)
            {
                for (var i = _taken; i < _planned && !_isOver; i++)
                {
                    if (SlotOf(i) is { HasMore: true } slot)
                    {
                        sample = slot.Claim();
                        return slot;
                    }
                }

                if (_isOver)
                {
                    sample = 0;
                    return null;
                }

                Monitor.Wait(_gate);
            }
        }
    }

    private BatchSlot SlotOf(long batch) => _slots[(int)(batch % Slots)];

    private static InvalidOperationException NoMore() => new("The plan has no more batches.");
}
