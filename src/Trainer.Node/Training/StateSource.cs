using System.Net.Sockets;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data;
using Trainer.Kernels.Training;
using Trainer.Node.States;
using Trainer.Protos.Cluster;

namespace Trainer.Node.Training;

/// <summary>The state that a generation begins with cannot be had anywhere.</summary>
internal sealed class StateUnavailableException(string message) : Exception(message);

/// <summary>Where the state comes from that a generation begins with: the worker has it, or goes back to it, or makes it, or a holder or a checkpoint has it.</summary>
internal static class StateSource
{
    /// <returns>What a start from a file of weights did not take; null without one.</returns>
    /// <exception cref="StateUnavailableException">Nobody has the state.</exception>
    public static WarmStartRest? Take(Entry entry, Workspace work, StateLedger ledger, ArtifactStores stores, Action<Moment>? reached)
    {
        var (start, states) = (entry.Start, work.Job.States);
        var wanted = HeldState.Of(start.State ?? new StateId());
        if (ledger.Current is { } current && current.Is(wanted))
        {
            return null;
        }

        if (ledger.FlipBackTo(entry.Generation, wanted, states.FlipBack))
        {
            return null;
        }

        ledger.Drop();
        if (wanted.Item == 0)
        {
            var rest = work.Initialize(() => stores.Open(start.InitFrom));
            ledger.Take(HeldState.Of(states.Current));
            return rest;
        }

        reached?.Invoke(Moment.StateTransfer);
        Fetch(entry, wanted, states, stores);
        ledger.Take(HeldState.Of(states.Current));
        return null;
    }

    private static void Fetch(Entry entry, HeldState wanted, StatePair into, ArtifactStores stores)
    {
        var tried = new List<string>();
        foreach (var holder in entry.Start.Holders)
        {
            try
            {
                StateTransfer.Receive(holder, entry.Routes, entry.LinkHeader, entry.Secret, wanted, into, entry.Interruption);
                return;
            }
            catch (Exception e) when (e is IOException or SocketException or CorruptStateException or FormatException)
            {
                tried.Add($"{holder.Worker}: {e.Message}");
            }
        }

        if (entry.Start.Checkpoint is { } checkpoint)
        {
            try
            {
                CheckpointFiles.Restore(stores.Open(checkpoint.Folder), wanted, into);
                return;
            }
            catch (DataFileException e)
            {
                tried.Add(e.Message);
            }
        }

        throw new StateUnavailableException($"the state after item {wanted.Item} cannot be had ({string.Join("; ", tried.DefaultIfEmpty("nobody was named who has it"))})");
    }
}
