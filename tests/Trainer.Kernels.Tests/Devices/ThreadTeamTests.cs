using Trainer.Kernels.Devices.Cpu.Threading;

namespace Trainer.Kernels.Tests.Devices;

public class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_piece_runs_once_and_no_two_under_one_thread_number(int threads)
    {
        using var team = new ThreadTeam(threads);
        for (var round = 0; round < 2000; round++)
        {
            var work = new CountingWork(1 + (round % 23), threads);
            team.Run(work, work.Runs.Length);
            Assert.All(work.Runs, runs => Assert.Equal(1, runs));
            Assert.Equal(0, work.Clashes);
        }
    }

    [Fact]
    public void A_failing_piece_fails_the_call_and_leaves_the_team_usable()
    {
        using var team = new ThreadTeam(3);
        for (var round = 0; round < 100; round++)
        {
            var exception = Assert.Throws<InvalidOperationException>(() => team.Run(new FailingWork(), 50));
            Assert.Equal("piece 17", exception.Message);
            var work = new CountingWork(11, 3);
            team.Run(work, work.Runs.Length);
            Assert.All(work.Runs, runs => Assert.Equal(1, runs));
        }
    }

    [Fact]
    public void A_disposed_team_refuses_work()
    {
        var team = new ThreadTeam(2);
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(new CountingWork(5, 2), 5));
    }

    private sealed class CountingWork(int pieces, int threads) : ParallelWork
    {
        private readonly int[] _inside = new int[threads];
        private int _clashes;

        public int[] Runs { get; } = new int[pieces];

        public int Clashes => _clashes;

        public override void Run(int piece, int thread)
        {
            if (Interlocked.Increment(ref _inside[thread]) != 1)
            {
                Interlocked.Increment(ref _clashes);
            }

            Interlocked.Increment(ref Runs[piece]);
            Interlocked.Decrement(ref _inside[thread]);
        }
    }

    private sealed class FailingWork : ParallelWork
    {
        public override void Run(int piece, int thread)
        {
            if (piece == 17)
            {
                throw new InvalidOperationException($"piece {piece}");
            }
        }
    }
}
