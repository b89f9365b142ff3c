using Microsoft.Extensions.Logging;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Certificates;

/// <summary>Which certificates a process has: those that it was given, else those of its run folder.</summary>
public static class HostCertificates
{
    private const string Remedy = "Give it --certificate, --key and --ca (trainer certs create makes them)";

    /// <summary>Why the options make no sense; null: they do.</summary>
    /// <param name="isLoopback">What it binds can be reached from its own machine alone.</param>
    public static string? Refusal(CertificateFiles? given, RunFolder? run, bool insecure, bool isLoopback) =>
        given is not null || insecure ? null
        : !isLoopback ? $"Without certificates of its own this process binds loopback alone: whoever reads the network would read its token. {Remedy}, or, to have all in clear, --insecure."
        : run is null ? $"Without certificates anybody who reaches its ports could command this process. {Remedy}, or the --run-folder of a local cluster, or, to have it so, --insecure."
        : null;

    /// <returns>Null: it has none, and speaks in clear.</returns>
    /// <exception cref="IOException">They cannot be used.</exception>
    public static ProcessCertificates? Load(CertificateFiles? given, RunFolder? run, bool insecure, string role, ILogger logger)
    {
        var files = given ?? (run is null || insecure ? null : RunFolderCertificates.OpenOrCreate(run, role));
        return files is null ? null : ProcessCertificates.Load(files, role, logger);
    }

    /// <summary>Says loudly what --insecure does.</summary>
    public static void WarnOfInsecure(ProcessCertificates? certificates, ILogger logger)
    {
        if (certificates is null)
        {
            logger.LogWarning("--insecure: this process speaks in clear and lets everybody in. Whoever reaches its ports can read all, and command the cluster.");
        }
    }
}
