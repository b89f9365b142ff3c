using Trainer.Benchmarks.Simulation;

namespace Trainer.Node.Tests.Reduction;

/// <summary>The simulated exchanges against closed forms, where those are simple: a pipeline that is filled adds at most a few chunks to what the bytes take.</summary>
public sealed class SimulationTests
{
    private const int Chunks = 256;
    private const double ChunkSeconds = 65_536 * 4 / 1.25e9;

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(64)]
    public void Direct_takes_what_its_bytes_take(int workers)
    {
        var bytes = 2.0 * (workers - 1) / workers * Chunks * ChunkSeconds; // Each owner gets (W - 1) parts of C / W chunks and sends as many totals, but both ways at once.
        Assert.InRange(Exchanges.Direct(ModelOf(workers)), bytes / 2, bytes + (2 * workers * ChunkSeconds));
    }

    [Fact]
    public void More_workers_than_chunks_leave_one_owner_a_chunk()
    {
        var model = ModelOf(workers: 512) with { Elements = 65_536 };
        Assert.Equal(2 * 511 * ChunkSeconds, Exchanges.Direct(model), tolerance: 2 * ChunkSeconds);
        Assert.Equal(((2 * 31) + (2 * 15)) * ChunkSeconds, Exchanges.TwoLevel(model, size: 32), tolerance: 5 * ChunkSeconds);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(256)]
    public void A_ring_takes_its_bytes_or_its_hops(int workers)
    {
        var model = ModelOf(workers);
        Assert.Equal(2.0 * (workers - 1) / workers * Chunks * ChunkSeconds, Exchanges.Ring(model), tolerance: 0.05 * Chunks * ChunkSeconds);
        Assert.Equal(2 * (workers - 1), Exchanges.Ring(model with { LatencySeconds = 1 }), tolerance: 2);
    }

    [Fact]
    public void One_message_takes_threads_wire_latency_and_threads()
    {
        var model = ModelOf(workers: 2) with { Elements = 65_536, LatencySeconds = 3, SecondsPerMessage = 5, LinkThreads = 2 };
        Assert.Equal(2 * (3 + 5 + 5 + ChunkSeconds), Exchanges.Direct(model), tolerance: 1e-9);
    }

    [Fact]
    public void What_leaves_while_backward_runs_is_hidden()
    {
        var model = ModelOf(workers: 4) with { ForwardSeconds = 1, BackwardSeconds = 2, ApplySeconds = 0.5 };
        Assert.Equal(3.5, Exchanges.Direct(model), tolerance: 0.02);
        Assert.Equal(3.5, Exchanges.Direct(model with { Workers = 1 }), tolerance: 1e-9);
    }

    private static StepModel ModelOf(int workers) => new() { Workers = workers, Elements = Chunks * 65_536, GigabitsPerSecond = 10 };
}
