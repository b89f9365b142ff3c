using System.Text.Json;
using System.Text.Json.Serialization;

namespace Trainer.Hosting.Artifacts;

/// <summary>
/// What <c>manifest.json</c> says of a checkpoint, whose state is beside it in <c>state.bin</c>. It is written last, and alone makes the checkpoint exist.
/// </summary>
/// <param name="Format">1.</param>
/// <param name="Hash">Of the state, in hexadecimal.</param>
/// <param name="Bytes">Of state.bin.</param>
/// <param name="Sha256">Likewise.</param>
public sealed record CheckpointManifest(int Format, string Job, ulong Item, string Hash, long Bytes, [property: JsonPropertyName("sha256")] string Sha256)
{
    public const int KnownFormat = 1;
    public const string StateFile = "state.bin";
    public const string ManifestFile = "manifest.json";

    /// <summary>Below a job's location.</summary>
    public const string Folder = "checkpoints";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Training steps that have entered the state; null, as what follows: release 0.2 wrote it.</summary>
    public ulong? Step { get; init; }

    /// <summary>Closed ones.</summary>
    public uint? Epochs { get; init; }

    /// <summary>Of the evaluation that closed the last epoch, where nothing was trained since.</summary>
    public double? TestLoss { get; init; }

    /// <inheritdoc cref="TestLoss"/>
    public double? TestAccuracy { get; init; }

    /// <summary>Likewise, the mean loss of that epoch's steps; null as well: written before this was kept.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>When it was written.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Of the model, per image: channels, height, width.</summary>
    public IReadOnlyList<int>? Input { get; init; }

    /// <summary>That the model gives.</summary>
    public int? Classes { get; init; }

    /// <summary>By label; null: they have no names, or those of the known data set that the job names.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Where a file of a checkpoint is in the store of its job.</summary>
    public static string KeyOf(string checkpoint, string file) => $"{Folder}/{checkpoint}/{file}";

    /// <summary>The checkpoint that a key names a file of; null: it names none.</summary>
    public static string? IdOf(string key) =>
        key.Split('/') is [Folder, { Length: > 0 } id, StateFile or ManifestFile] && id is not ("." or "..") ? id : null;

    /// <exception cref="JsonException">It is none.</exception>
    public static CheckpointManifest Read(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<CheckpointManifest>(json, Json) ?? throw new JsonException("is empty");

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
