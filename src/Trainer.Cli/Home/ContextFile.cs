using System.Text.Json;
using Trainer.Cli.Errors;

namespace Trainer.Cli.Home;

/// <summary>A cluster elsewhere.</summary>
/// <param name="Endpoint">Its job API, http://HOST:PORT or https://HOST:PORT; of several coordinators all, with commas between them.</param>
/// <param name="TokenFile">The absolute path of the file with its token; null where it wants none.</param>
/// <param name="Ca">The absolute path of the file with the authority of its certificates; null where the system knows it.</param>
internal sealed record ClusterContext(string Endpoint, string? TokenFile, string? Ca = null);

/// <summary>The clusters that a user has given names, and which of them commands are about.</summary>
/// <param name="Current">A name; null: the cluster of this machine.</param>
internal sealed record Contexts(string? Current, IReadOnlyDictionary<string, ClusterContext> Named)
{
    /// <summary>The name of this machine's own cluster, which is always there.</summary>
    public const string Local = "local";

    public static Contexts None { get; } = new(null, new Dictionary<string, ClusterContext>(StringComparer.Ordinal));

    public ClusterContext? Chosen => Current is null ? null : Named.GetValueOrDefault(Current);

    public Contexts With(string name, ClusterContext context) => this with { Named = Copy(name).Append(new(name, context)).ToDictionary(StringComparer.Ordinal) };

    public Contexts Without(string name) => new(Current == name ? null : Current, Copy(name).ToDictionary(StringComparer.Ordinal));

    private IEnumerable<KeyValuePair<string, ClusterContext>> Copy(string except) => Named.Where(pair => pair.Key != except);
}

/// <summary>contexts.json in the home folder.</summary>
internal static class ContextFile
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <exception cref="CliException">The file is not what this program writes.</exception>
    public static Contexts Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var contexts = JsonSerializer.Deserialize<Contexts>(file, Json);
            return contexts?.Named is null ? throw NotOurs(path, "it names no contexts") : contexts;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return Contexts.None;
        }
        catch (JsonException wrong)
        {
            throw NotOurs(path, wrong.Message);
        }
    }

    public static void Write(string path, Contexts contexts)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = $"{path}.{Environment.ProcessId}.new";
        File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(contexts, Json));
        File.Move(draft, path, overwrite: true);
    }

    private static CliException NotOurs(string path, string why) => new(
        $"{path} does not hold contexts: {why}", ExitCode.Usage, "Mend it, or remove it and add the contexts again: trainer context add --help");
}
