using Akka.Actor;
using Trainer.Kernels.Training;
using Trainer.Node.Links;

namespace Trainer.Node.Reduction;

/// <summary>What is done about a payload that is not what its sender made. Nothing of it is used, and no total of the item is announced or applied here.</summary>
internal sealed partial class AllReduce
{
    /// <summary>It came over a link: the link closes, and the item is computed again in another generation.</summary>
    private void Distrust(int rank, string what)
    {
        if (rank == _setup.Rank)
        {
            FailByOwnMemory(what);
            return;
        }

        _step.HasFailed = true;
        _links[rank]!.Tell(new PeerLink.Break($"{what} came from {Plan.Names[rank]} with other bits than it was sent with"));
    }

    /// <summary>It never left this process.</summary>
    private void FailByOwnMemory(string what)
    {
        _step.HasFailed = true;
        _setup.Waiter.Fail(new CorruptStateException($"{what} has changed in memory between its making and its use"));
    }
}
