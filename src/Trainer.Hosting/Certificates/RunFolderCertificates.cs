using Trainer.Hosting.Run;

namespace Trainer.Hosting.Certificates;

/// <summary>
/// The certificates of a local cluster, in its run folder (0700), made by its first process. The authority's key is kept nowhere: nobody can make another member.
/// </summary>
public static class RunFolderCertificates
{
    /// <summary>As long as anybody keeps a run folder; whoever wants others removes certificates/ while nothing runs.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(10 * 365);

    /// <summary>The files of a process; made unless they are there. Several processes may do so at once: one wins.</summary>
    public static CertificateFiles OpenOrCreate(RunFolder run, string role)
    {
        var folder = Path.Combine(run.Path, "certificates");
        if (!Directory.Exists(folder))
        {
            var draft = Path.Combine(run.Path, $"certificates.{Environment.ProcessId}-{Guid.NewGuid():n}.new");
            try
            {
                Create(draft);
                Directory.Move(draft, folder);
            }
            catch (IOException) when (Directory.Exists(folder))
            {
                // Another process was quicker.
            }
            finally
            {
                if (Directory.Exists(draft))
                {
                    Directory.Delete(draft, recursive: true);
                }
            }
        }

        PrivateFiles.RequirePrivate(folder);
        return CertificateFolder.FilesOf(folder, role);
    }

    private static void Create(string folder)
    {
        PrivateFiles.CreateFolder(folder);
        var now = TimeProvider.System.GetUtcNow();
        using var authority = CertificateAuthority.Create(now, Lifetime);
        CertificateFolder.Write(folder, authority, [], now, Lifetime, withKey: false);
    }
}
