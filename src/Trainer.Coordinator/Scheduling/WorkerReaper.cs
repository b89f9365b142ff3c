using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;
using Trainer.Hosting.Cluster;

namespace Trainer.Coordinator.Scheduling;

/// <summary>
/// Takes workers out of the membership as soon as they are gone: as long as one cannot be reached, nobody else may join, its own successor included, and the resolver would wait. A
/// connection that closes and a port that refuses the next one show it at once: a member that is down holds up nobody, though it stays listed until the failure detector misses it,
/// 4 to 5 s later. That also finds those whose port says nothing. A worker that lives after all joins anew; its training does not notice.
/// </summary>
public sealed class WorkerReaper : ReceiveActor
{
    private const int Tries = 5;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();

    public WorkerReaper()
    {
        Receive<ClusterEvent.UnreachableMember>(unreachable => unreachable.Member.Status != MemberStatus.Down, unreachable => TakeOut(unreachable.Member, "cannot be reached"));
        Receive<ClusterEvent.UnreachableMember>(_ => { });
        Receive<DisassociatedEvent>(closed =>
        {
            if (Find(member => member.Address == closed.RemoteAddress) is { } member)
            {
                _ = RefusesAsync(member.Address).PipeTo(Self, success: refuses => new Probed(member.UniqueAddress, refuses));
            }
        });
        Receive<Probed>(probed =>
        {
            if (probed.Refuses && Find(member => member.UniqueAddress == probed.Member) is { } member)
            {
                TakeOut(member, "has ended");
            }
        });
    }

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.UnreachableMember));
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        Context.System.EventStream.Unsubscribe(Self);
    }

    // Whoever leaves in good order closes its port too, and needs nobody's help.
    private Member? Find(Func<Member, bool> condition) =>
        _cluster.State.Members.FirstOrDefault(member => condition(member) && member.Status is MemberStatus.Up or MemberStatus.Joining or MemberStatus.WeaklyUp);

    private void TakeOut(Member member, string what)
    {
        if (member.HasRole(ClusterNames.WorkerRole) && !member.HasRole(ClusterNames.CoordinatorRole))
        {
            _log.Info("{0} {1} and leaves the cluster.", member.Address, what);
            _cluster.Down(member.Address);
        }
    }

    // A process that is just ending may close its connections before its port.
    private static async Task<bool> RefusesAsync(Address address)
    {
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            using var limit = new CancellationTokenSource(BetweenTries * Tries);
            try
            {
                await socket.ConnectAsync(address.Host.Trim('[', ']'), address.Port!.Value, limit.Token);
            }
            catch (SocketException closed)
            {
                return closed.SocketErrorCode == SocketError.ConnectionRefused;
            }
            catch (OperationCanceledException)
            {
                return false;
            }

            await Task.Delay(BetweenTries);
        }

        return false;
    }

    private sealed record Probed(UniqueAddress Member, bool Refuses) : INoSerializationVerificationNeeded;
}
