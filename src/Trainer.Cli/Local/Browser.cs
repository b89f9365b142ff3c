using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Text;
using Trainer.Hosting.Run;

namespace Trainer.Cli.Local;

/// <summary>The user's browser.</summary>
internal static class Browser
{
    /// <summary>Opens an address that holds a secret: by a file that only its user can read, since everybody sees the arguments of processes.</summary>
    /// <returns>False: there is no browser that could be told.</returns>
    public static bool Open(string address, string file, Func<string, string?> environment)
    {
        if (OperatingSystem.IsLinux() && environment("DISPLAY") is null or "" && environment("WAYLAND_DISPLAY") is null or "")
        {
            return false;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            PrivateFiles.Replace(file, Encoding.UTF8.GetBytes($"<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={WebUtility.HtmlEncode(address)}\">"));
            using var opener = Process.Start(new ProcessStartInfo(file) { UseShellExecute = true });
            return true;
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
