using Trainer.Coordinator.Store;

namespace Trainer.Coordinator.Tests.Store;

public sealed class StoreGateTests
{
    private readonly Clock _clock = new();
    private readonly StoreGate _gate;

    public StoreGateTests() => _gate = new StoreGate(_clock);

    private static StoreException Away => new("away") { Fault = StoreFault.Unavailable };

    [Fact]
    public void Who_comes_after_a_failure_fails_at_once_until_one_that_tries_finds_the_store_back()
    {
        _gate.Leave(_gate.Enter(), Away);
        Assert.Equal("away", Assert.Throws<StoreException>(() => _gate.Enter()).Message);
        _clock.Advance(0.25);
        Assert.True(_gate.Enter());
        Assert.Throws<StoreException>(() => _gate.Enter()); // One at a time.
        _gate.Leave(isTrial: true, null);
        Assert.False(_gate.Enter());
        Assert.False(_gate.Enter());
    }

    [Fact]
    public void Tries_become_rarer_down_to_one_in_four_seconds()
    {
        _gate.Leave(_gate.Enter(), Away);
        foreach (var pause in new[] { 0.25, 0.5, 1, 2, 4, 4 })
        {
            _clock.Advance(pause - 0.01);
            Assert.Throws<StoreException>(() => _gate.Enter());
            _clock.Advance(0.01);
            Assert.True(_gate.Enter());
            _gate.Leave(isTrial: true, Away);
        }
    }

    [Fact]
    public void Calls_that_began_before_neither_make_it_worse_nor_are_they_in_vain()
    {
        var early = _gate.Enter();
        _gate.Leave(_gate.Enter(), Away);
        _clock.Advance(0.2);
        _gate.Leave(early, Away);
        _clock.Advance(0.05);
        Assert.True(_gate.Enter());
        _gate.Leave(early, null);
        Assert.False(_gate.Enter());
    }

    [Fact]
    public void Faults_of_a_store_that_answers_stop_nobody()
    {
        _gate.Leave(_gate.Enter(), new StoreException("full") { Fault = StoreFault.Full });
        Assert.False(_gate.Enter());
    }

    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _now;

        public void Advance(double seconds) => _now += (long)Math.Round(seconds * 1000);
    }
}
