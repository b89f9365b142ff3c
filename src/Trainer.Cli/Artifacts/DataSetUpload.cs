using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Trainer.Cli.Api;
using Trainer.Cli.Data;
using Trainer.Cli.Errors;
using Trainer.Cli.Output;
using Trainer.Protos;

namespace Trainer.Cli.Artifacts;

/// <summary>Brings a pack to a cluster through its API, in parts. What was broken off, by whatever, goes on where it was when the same pack is pushed under the same name.</summary>
/// <param name="tell">Hears how far it has come.</param>
internal sealed class DataSetUpload(ClusterAddress address, Action<string> tell)
{
    /// <summary>How long the coordinator may be away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    /// <summary>A large pack is read whole by the cluster before it is ready.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    private long _heard;
    private long _told = TimeProvider.System.GetTimestamp();

    /// <returns>READY.</returns>
    /// <exception cref="CliException">Refused, or nobody answers for long.</exception>
    public async Task<PushedDataSet> PushAsync(PackPlace pack, string name, CancellationToken stop)
    {
        var request = new CreateDataSetRequest { Name = name, Sha256 = pack.Sha256, Bytes = (ulong)pack.Bytes };
        using var file = File.OpenHandle(pack.File);
        while (true)
        {
            try
            {
                using var client = await ClusterClient.OpenAsync(address, stop);
                return await PushAsync(client, request, file, stop);
            }
            catch (CliException lost) when (lost.ExitCode == ExitCode.Unreachable && _heard > 0 && TimeProvider.System.GetElapsedTime(_heard) < Patience)
            {
                await Task.Delay(Pause, stop);
            }
        }
    }

    private async Task<PushedDataSet> PushAsync(ClusterClient client, CreateDataSetRequest request, Microsoft.Win32.SafeHandles.SafeFileHandle file, CancellationToken stop)
    {
        var set = await CallAsync(client, (cluster, options) => cluster.DataSets.CreateDataSetAsync(request, options), stop);
        while (set.State != PushedDataSet.Types.State.Ready)
        {
            if (set.ReceivedBytes < set.Bytes)
            {
                var part = Read(file, set);
                set = await CallAsync(client, (cluster, options) => cluster.DataSets.UploadDataSetAsync(part, options), stop);
                Tell(set);
            }
            else
            {
                await Task.Delay(AskAgain, stop);
                set = await CallAsync(client, (cluster, options) => cluster.DataSets.CreateDataSetAsync(request, options), stop);
            }
        }

        return set;
    }

    private static UploadDataSetRequest Read(Microsoft.Win32.SafeHandles.SafeFileHandle file, PushedDataSet set)
    {
        var bytes = new byte[Math.Min(set.PartBytes, set.Bytes - set.ReceivedBytes)];
        for (int read = 0, more; read < bytes.Length; read += more)
        {
            more = RandomAccess.Read(file, bytes.AsSpan(read), (long)set.ReceivedBytes + read);
            if (more == 0)
            {
                throw new CliException("The pack has become shorter while it was pushed.");
            }
        }

        return new UploadDataSetRequest { Id = set.Id, Offset = set.ReceivedBytes, Data = UnsafeByteOperations.UnsafeWrap(bytes), Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
    }

    private async Task<PushedDataSet> CallAsync(ClusterClient client, Func<ClusterClient, CallOptions, AsyncUnaryCall<PushedDataSet>> call, CancellationToken stop)
    {
        var set = await client.CallAsync(call, stop);
        _heard = TimeProvider.System.GetTimestamp();
        return set;
    }

    private void Tell(PushedDataSet set)
    {
        if (TimeProvider.System.GetElapsedTime(_told) >= TellEvery)
        {
            _told = TimeProvider.System.GetTimestamp();
            tell($"{Words.Bytes(set.ReceivedBytes)} of {Words.Bytes(set.Bytes)} are in the cluster.");
        }
    }
}
