using Google.Protobuf.Collections;
using Trainer.Coordinator.Jobs;

namespace Trainer.Coordinator.Api;

/// <summary>What labels and notes may be.</summary>
internal static class LabelRules
{
    public const string Key = "1 to 63 lower-case letters, digits and '-', '_', '.' or '/' between them";

    private const int LongestKey = 63;
    private const int LongestValue = 255;
    private const int LongestNotes = 16384;

    public static bool IsKey(string key) => key.Length is > 0 and <= LongestKey && IsEnd(key[0]) && IsEnd(key[^1]) && key.All(letter => IsEnd(letter) || letter is '-' or '_' or '.' or '/');

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT, for <paramref name="field"/>.</exception>
    public static void CheckAll(string field, MapField<string, string> labels)
    {
        if (labels.Count > JobLabels.Most)
        {
            throw ApiErrors.InvalidField(field, $"must be {JobLabels.Most} at most, got {labels.Count}");
        }

        foreach (var (key, value) in labels)
        {
            Check(field, key, value);
        }
    }

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT, for <paramref name="field"/>.</exception>
    public static void Check(string field, string key, string value)
    {
        if (!IsKey(key))
        {
            throw ApiErrors.InvalidField(field, $"a key must be {Key}, got '{key}'");
        }

        if (value.Length > LongestValue || value.Any(char.IsControl))
        {
            throw ApiErrors.InvalidField($"{field}.{key}", $"must be {LongestValue} characters at most, without line breaks, got {value.Length}{(value.Any(char.IsControl) ? ", with control characters" : "")}");
        }
    }

    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT, for <paramref name="field"/>.</exception>
    public static string CheckNotes(string field, string notes) =>
        notes.Length <= LongestNotes ? notes : throw ApiErrors.InvalidField(field, $"must be {LongestNotes} characters at most, got {notes.Length}");

    private static bool IsEnd(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter);
}
