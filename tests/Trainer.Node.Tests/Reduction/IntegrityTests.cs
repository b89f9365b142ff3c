using System.Runtime.InteropServices;
using Akka.Actor;
using Trainer.Kernels.Devices.Cpu;
using Trainer.Kernels.Sharding;
using Trainer.Kernels.Training;
using Trainer.Node.Links;
using Trainer.Node.Reduction;

namespace Trainer.Node.Tests.Reduction;

/// <summary>One bit of a payload changes on its way or where it waits: it is used nowhere. A test plays rank 1 of two.</summary>
public class IntegrityTests
{
    private const int Elements = 70_001;
    private static readonly ShardRange Root = new(1, 2);

    [Fact]
    public void A_contribution_that_changed_on_its_way_closes_the_link_and_gives_no_total()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, Elements, unix: true, lastIsPlayed: true);
        Play(group, () =>
        {
            Send(group, FrameKind.Contribution, FrameHeader.Statistics, default, [0, 1, 0, 1, 0, 0], flip: false);
            Send(group, FrameKind.Contribution, 0, Root, new float[65_536], flip: true);
            var down = group.Heard<AllReduce.LinkDown>();
            Assert.Equal((1, "The gradient of shards [1,2), chunk 0, came from worker-1 with other bits than it was sent with"), (down.Rank, down.Reason));
        });
    }

    [Fact]
    public void Statistics_that_changed_on_their_way_close_the_link()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, Elements, unix: true, lastIsPlayed: true);
        Play(group, () =>
        {
            Send(group, FrameKind.Contribution, FrameHeader.Statistics, default, [0, 1, 0, 1, 0, 0], flip: true);
            Assert.Equal("The statistics of an item came from worker-1 with other bits than it was sent with", group.Heard<AllReduce.LinkDown>().Reason);
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Elements)]
    public void A_total_that_changed_on_its_way_closes_the_link(int rounded)
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, Elements, unix: true, lastIsPlayed: true, roundedElements: rounded);
        var length = Elements - 65_536;
        Play(group, () =>
        {
            Send(group, FrameKind.Total, 1, default, new float[rounded > 0 ? (length + 1) / 2 : length], flip: true);
            Assert.Equal("The total of chunk 1 came from worker-1 with other bits than it was sent with", group.Heard<AllReduce.LinkDown>().Reason);
        });
    }

    [Fact]
    public void A_part_of_a_batch_norm_group_that_changed_on_its_way_closes_the_link()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, Elements, unix: true, lastIsPlayed: true);
        Play(group, () =>
        {
            Send(group, FrameKind.GroupPart, 14, Root, new float[6], flip: true);
            Assert.Equal("The part of shards [1,2) for batch norm layer 7 came from worker-1 with other bits than it was sent with", group.Heard<AllReduce.LinkDown>().Reason);
        }, exchange =>
        {
            var parts = new GroupParts(7, false) { Exchange = exchange };
            parts.Describe(new BatchSlice(64, 2, [new ShardRange(0, 1)], 2).GroupsOf(2), 3);
            parts.Gather();
        });
    }

    [Fact]
    public void A_gradient_that_changes_while_it_waits_for_those_of_others_is_the_members_own_fault()
    {
        using var group = new AllReduceGroup(members: 2, shards: 2, Elements, unix: true);
        var contributed = new ManualResetEventSlim();
        group.OnEach(member =>
        {
            if (member.Rank == 1)
            {
                contributed.Wait(TestContext.Current.CancellationToken);
                Assert.Throws<OperationCanceledException>(() => member.Reduce(1, 2, new float[] { 0, 1, 0, 1, 0, 0 }));
                return true;
            }

            var fault = Assert.Throws<CorruptStateException>(() => member.Reduce(1, 2, new float[] { 0, 1, 0, 1, 0, 0 }, contributed: () =>
            {
                member.Actor.Ask<ActorIdentity>(new Identify(0)).GetAwaiter().GetResult();
                Flip(member.Buffers.Roots[0].Span);
                contributed.Set();
            }));
            Assert.Equal("The gradient of shards [0,1), chunk 0, has changed in memory between its making and its use", fault.Message);
            Assert.Equal("The gradient of chunk 0", member.Hashes.FindChanged());
            group.Members[1].Abort();
            return true;
        });
    }

    [Fact]
    public void Hashes_of_totals_come_with_them_and_show_what_changes_after()
    {
        using var group = new AllReduceGroup(members: 3, shards: 4, Elements, unix: true);
        using var allHaveTotals = new Barrier(3); // Until then an owner's memory may be on its way to others.
        group.OnEach(member =>
        {
            member.Buffers.Roots[0].Span.Fill(member.Rank + 1);
            var samples = member.Rank == 2 ? 2 : 1;
            var totals = member.Reduce(1, 4, new float[SampleResults.Rows * samples]).Totals;
            Assert.Equal([HostHash.Of(member.Buffers.Total.Span[..65_536]), HostHash.Of(member.Buffers.Total.Span[65_536..])], totals.ToArray());
            Assert.Null(member.Hashes.FindChanged());
            allHaveTotals.SignalAndWait(TestContext.Current.CancellationToken);
            Flip(member.Buffers.Total.Span[65_536..]);
            Assert.Equal("The total of chunk 1", member.Hashes.FindChanged());
            return true;
        });
    }

    /// <summary>Rank 0 takes part in item 1 and comes to no result.</summary>
    private static void Play(AllReduceGroup group, Action play, Action<IBatchExchange>? compute = null)
    {
        var member = group.Members[0];
        var training = new Thread(() => Assert.Throws<OperationCanceledException>(() => member.Reduce(1, 2, new float[] { 0, 1, 0, 1, 0, 0 }, compute: compute)));
        training.Start();
        play();
        member.Abort();
        training.Join();
    }

    private static void Send(AllReduceGroup group, FrameKind kind, uint chunk, ShardRange root, float[] payload, bool flip)
    {
        var header = new FrameHeader
        {
            Kind = kind,
            Job = AllReduceGroup.Job,
            Generation = new GenerationNumber(1, 1),
            Item = 1,
            Rank = 1,
            Chunk = chunk,
            Root = root,
            PayloadHash = HostHash.Of(payload),
        };
        if (flip)
        {
            Flip(payload);
        }

        group.Played!.Write(header, MemoryMarshal.AsBytes(payload.AsSpan()));
    }

    private static void Flip(Span<float> values) => values[values.Length / 2] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(values[values.Length / 2]) ^ (1 << 16));
}
