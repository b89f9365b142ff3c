using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Trainer.Hosting.Run;

/// <summary>
/// A private folder (0700) through which the processes of a local cluster find each other:
/// <c>token</c> (what the job API wants to see), <c>endpoints/NAME.json</c> (who runs where), <c>links/</c> (Unix-domain sockets).
/// </summary>
public sealed class RunFolder
{
    private const int TokenBytes = 32;

    /// <summary>A Unix-domain socket's path ends within 108 bytes with its zero (sun_path); this much is kept for the socket's own name.</summary>
    private const int LongestLinksFolder = 107 - 40;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>For errors: what <see cref="IsName"/> holds for.</summary>
    public const string ExpectedName = "at most 128 letters, digits, '-', '_' and '.', the first of which is no '.'";

    private RunFolder(string path)
    {
        Path = path;
        Token = ReadToken();
        LinksFolder = ChooseLinksFolder(path, Token);
    }

    public string Path { get; }

    /// <summary>Secret that every call of the job API carries: <c>authorization: Bearer TOKEN</c>. 32 random bytes, base64url.</summary>
    public string Token { get; }

    /// <summary>Where link sockets go; leaves 40 bytes of sun_path to a socket's name wherever the run folder is.</summary>
    public string LinksFolder { get; }

    private string CoordinatorLock => System.IO.Path.Combine(Path, "coordinator.lock");

    private string EndpointsFolder => System.IO.Path.Combine(Path, "endpoints");

    /// <summary>Whether a process may be called so: it becomes the name of files.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name[0] != '.';

    /// <summary>Creates folder and token unless they are there; several processes may do so at once.</summary>
    /// <exception cref="RunFolderException">The folder is a link, somebody else's, or open to others.</exception>
    public static RunFolder OpenOrCreate(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        PrivateFiles.CreateFolder(path);
        PrivateFiles.CreateFolder(System.IO.Path.Combine(path, "endpoints"));
        if (!File.Exists(TokenFile(path)))
        {
            PrivateFiles.TryCreate(TokenFile(path), Encoding.ASCII.GetBytes(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes))));
        }

        var folder = new RunFolder(path);
        PrivateFiles.CreateFolder(folder.LinksFolder);
        return folder;
    }

    /// <summary>Opens the folder for looking around; null when there is none, or none with a token in it.</summary>
    /// <exception cref="RunFolderException">As <see cref="OpenOrCreate"/>.</exception>
    public static RunFolder? TryOpen(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        PrivateFiles.RefuseFiles(path);
        if (!Directory.Exists(path))
        {
            return null;
        }

        PrivateFiles.RequirePrivate(path);
        return File.Exists(TokenFile(path)) ? new RunFolder(path) : null;
    }

    /// <summary>The endpoints of processes that are alive, by name. What the dead left behind is passed over.</summary>
    public IReadOnlyList<ProcessEndpoint> Endpoints()
    {
        if (!Directory.Exists(EndpointsFolder))
        {
            return [];
        }

        return Directory.EnumerateFiles(EndpointsFolder, "*.json")
            .Select(ReadEndpoint)
            .OfType<ProcessEndpoint>()
            .Where(endpoint => endpoint.Process.IsAlive)
            .OrderBy(endpoint => endpoint.Name, StringComparer.Ordinal)
            .ToList();
    }

    /// <summary>Takes the name of a process before anything under that name is touched; disposing gives it back.</summary>
    /// <exception cref="RunFolderException">Another process that is alive has the name.</exception>
    public IDisposable Claim(string name) => Take(LockFile(name), $"already has a running '{name}'", "names are unique");

    /// <summary>Takes the place of the one coordinator that a run folder has, whatever its name and store.</summary>
    /// <exception cref="RunFolderException">Another coordinator that is alive has it.</exception>
    public IDisposable ClaimCoordinator() => Take(
        CoordinatorLock, "already has a coordinator", "stop that one, or give this one a run folder of its own");

    /// <summary>Publishes atomically, in place of what a predecessor of that name left; disposing withdraws.</summary>
    /// <exception cref="RunFolderException">Another process that is alive has the name.</exception>
    public IDisposable Publish(ProcessEndpoint endpoint)
    {
        var file = EndpointFile(endpoint.Name);
        if (ReadEndpoint(file) is { } other && other.Process != endpoint.Process && other.Process.IsAlive)
        {
            throw new RunFolderException(Path, $"already has a running '{endpoint.Name}', process {other.ProcessId}; names are unique");
        }

        PrivateFiles.Replace(file, JsonSerializer.SerializeToUtf8Bytes(endpoint, Json));
        return new Publication(this, endpoint);
    }

    /// <summary>Removes what processes leave here that end without a chance to withdraw it: dead endpoints, and sockets once nobody is alive.</summary>
    public void RemoveRemains()
    {
        if (!Directory.Exists(Path))
        {
            return;
        }

        var alive = Endpoints();
        foreach (var file in Directory.Exists(EndpointsFolder) ? Directory.GetFiles(EndpointsFolder) : [])
        {
            if (file.EndsWith(".lock", StringComparison.Ordinal))
            {
                FileLock.TryTake(file)?.Dispose(); // And with it goes the file, unless somebody holds it.
            }
            else if (!alive.Any(endpoint => EndpointFile(endpoint.Name) == file))
            {
                File.Delete(file);
            }
        }

        FileLock.TryTake(CoordinatorLock)?.Dispose();
        if (alive.Count == 0 && Directory.Exists(LinksFolder))
        {
            Directory.Delete(LinksFolder, recursive: true);
        }
    }

    private static string TokenFile(string path) => System.IO.Path.Combine(path, "token");

    private string ReadToken()
    {
        var (token, expected) = (File.ReadAllText(TokenFile(Path)).Trim(), Base64Url.GetEncodedLength(TokenBytes));
        return token.Length >= expected
            ? token
            : throw new RunFolderException(TokenFile(Path), $"holds {token.Length} characters; expected {expected}; remove it to get a new one");
    }

    /// <summary>links/ inside, or, where that is too long, a folder under the temporary folder whose name nobody can guess.</summary>
    private static string ChooseLinksFolder(string path, string token)
    {
        var inside = System.IO.Path.Combine(path, "links");
        if (Encoding.UTF8.GetByteCount(inside) <= LongestLinksFolder)
        {
            return inside;
        }

        var name = "trainer-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{path}\n{token}")))[..16];
        var temporary = System.IO.Path.Combine(System.IO.Path.GetTempPath(), name);
        return Encoding.UTF8.GetByteCount(temporary) <= LongestLinksFolder ? temporary : System.IO.Path.Combine("/tmp", name);
    }

    private FileLock Take(string file, string taken, string remedy) => FileLock.TryTake(file)
        ?? throw new RunFolderException(Path, $"{taken}, {ProcessText.Of(FileLock.Holder(file))}; {remedy}");

    private string EndpointFile(string name) => FileOf(name, ".json");

    private string LockFile(string name) => FileOf(name, ".lock");

    private string FileOf(string name, string extension)
    {
        if (!IsName(name))
        {
            throw new RunFolderException(Path, $"takes no process called '{name}'; expected {ExpectedName}");
        }

        return System.IO.Path.Combine(EndpointsFolder, name + extension);
    }

    /// <summary>Null when it is gone: its process withdrew it meanwhile.</summary>
    private static ProcessEndpoint? ReadEndpoint(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<ProcessEndpoint>(File.ReadAllBytes(file), Json);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException wrong)
        {
            throw new RunFolderException(file, $"is not an endpoint ({wrong.Message}); remove it");
        }
    }

    /// <summary>Withdraws once, and only what its own process published: a successor of the same name keeps its file.</summary>
    private sealed class Publication(RunFolder folder, ProcessEndpoint endpoint) : IDisposable
    {
        private int _withdrawn;

        public void Dispose()
        {
            var file = folder.EndpointFile(endpoint.Name);
            if (Interlocked.Exchange(ref _withdrawn, 1) == 0 && ReadEndpoint(file) == endpoint)
            {
                File.Delete(file);
            }
        }
    }
}
