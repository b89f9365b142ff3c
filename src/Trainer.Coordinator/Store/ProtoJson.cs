using Google.Protobuf;

namespace Trainer.Coordinator.Store;

/// <summary>Protobuf messages as text columns: readable with any SQLite tool, and rows survive new fields.</summary>
internal static class ProtoJson
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(ignoreUnknownFields: true));

    public static string Write(IMessage message) => JsonFormatter.Default.Format(message);

    public static string? WriteOptional(IMessage? message) => message is null ? null : Write(message);

    public static T Read<T>(string json)
        where T : IMessage, new() => Parser.Parse<T>(json);

    public static T? ReadOptional<T>(string? json)
        where T : class, IMessage, new() => json is null ? null : Read<T>(json);
}
