using System.Security.Cryptography;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels.Data.Packs;
using Trainer.Protos;

namespace Trainer.Coordinator.Api;

/// <summary>The bytes of a data set that was pushed, as they lie in the store.</summary>
internal static class PushedPack
{
    /// <returns>The SHA-256 of the whole, in hexadecimal.</returns>
    public static string Sum(IArtifactStore store, PushedDataSet set)
    {
        using var pack = DataSetFiles.Read(store, set);
        return Convert.ToHexStringLower(SHA256.HashData(pack));
    }

    /// <summary>Copies the index, which is at the end, to a file that is not there yet; where it is no pack, what would tell.</summary>
    public static bool CopyTail(IArtifactStore store, PushedDataSet set, string file)
    {
        var end = new byte[DataPack.FooterBytes];
        var from = Math.Max(0, (long)set.Bytes - end.Length);
        using (var last = DataSetFiles.Read(store, set, from))
        {
            last.ReadExactly(end.AsSpan(0, (int)Math.Min((long)set.Bytes, end.Length)));
        }

        var tail = Math.Min((long)set.Bytes, DataPack.TailBytes(end) ?? end.Length);
        using var content = DataSetFiles.Read(store, set, (long)set.Bytes - tail);
        using var to = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        content.CopyTo(to);
        return true;
    }
}
