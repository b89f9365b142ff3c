using Trainer.Node.Links;

namespace Trainer.Node.Tests.Links;

public class LeaseTests
{
    [Fact]
    public void A_buffer_goes_back_with_its_last_reference_and_is_lent_again()
    {
        using var pool = new LeasePool();
        var lease = pool.Rent(5000);
        lease.Retain().Release();
        Assert.Equal(1, pool.Lent);
        Assert.Equal(5000, lease.Length);
        Assert.Equal(1250, lease.GetSpan().Length);

        lease.Release();
        Assert.Equal(0, pool.Lent);
        Assert.Same(lease, pool.Rent(8000));
    }

    [Fact]
    public void Nobody_touches_a_buffer_that_was_given_back()
    {
        using var pool = new LeasePool();
        var lease = pool.Rent(0);
        lease.Release();
        Assert.Throws<ObjectDisposedException>(() => lease.GetSpan());
        Assert.Throws<ObjectDisposedException>(lease.Release);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(262_144)]
    [InlineData(FrameHeader.MaxPayload)]
    public void The_whole_length_can_be_written(int length)
    {
        using var pool = new LeasePool();
        var lease = pool.Rent(length);
        lease.Bytes.Fill(0xFF);
        Assert.InRange(lease.Bytes.Length, length, length + 3);
        Assert.True(lease.Memory.Length * sizeof(float) >= length);
    }

    [Fact]
    public void A_steady_state_allocates_nothing()
    {
        using var pool = new LeasePool();
        pool.Rent(70_000).Release();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            pool.Rent(70_000).Release();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
