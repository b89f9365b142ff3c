using System.Runtime.InteropServices;
using k8s.Models;

namespace Trainer.Cluster.Tests.Rehearsal;

/// <summary>A secret as the kubelet brings it into a pod: files are links by way of ..data, which is a link to a folder; a new secret is a new folder and a link that is replaced at once.</summary>
internal sealed partial class SecretVolume(string folder, V1SecretVolumeSource source)
{
    private int _version;

    public string Secret => source.SecretName;

    public void Write(IReadOnlyDictionary<string, string> secret)
    {
        var version = $"..{++_version}";
        var files = Directory.CreateDirectory(Path.Combine(folder, version)).FullName;
        foreach (var item in source.Items)
        {
            var file = Path.Combine(files, item.Path);
            File.WriteAllText(file, secret[item.Key]);
            File.SetUnixFileMode(file, (UnixFileMode)source.DefaultMode!.Value);
        }

        var draft = Path.Combine(folder, "..data_tmp");
        File.CreateSymbolicLink(draft, version);
        Assert.Equal(0, Rename(draft, Path.Combine(folder, "..data"))); // .NET moves no link to a folder over another one.
        if (_version > 1)
        {
            Directory.Delete(Path.Combine(folder, $"..{_version - 1}"), recursive: true);
            return;
        }

        foreach (var item in source.Items)
        {
            File.CreateSymbolicLink(Path.Combine(folder, item.Path), $"..data/{item.Path}");
        }
    }

    [LibraryImport("libc", EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);
}
