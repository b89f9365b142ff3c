using Google.Protobuf.Reflection;

namespace Trainer.Protos;

/// <summary>The comments of the proto files, from the descriptor set that is built into this assembly: compiled descriptors hold none.</summary>
internal sealed class ProtoComments
{
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    private ProtoComments()
    {
    }

    public static ProtoComments Load()
    {
        using var stream = typeof(ProtoComments).Assembly.GetManifestResourceStream("trainer.binpb")
            ?? throw new InvalidOperationException("The assembly holds no trainer.binpb.");
        var comments = new ProtoComments();
        foreach (var file in FileDescriptorSet.Parser.ParseFrom(stream).File)
        {
            comments.Add(file);
        }

        return comments;
    }

    /// <summary>What stands before a message or field, or behind it in its line; empty: nothing does.</summary>
    public string Of(IDescriptor descriptor) => _texts.GetValueOrDefault(descriptor.FullName, "");

    private void Add(FileDescriptorProto file)
    {
        foreach (var location in file.SourceCodeInfo.Location)
        {
            // Field 4 of a file are its messages, field 2 of a message its fields.
            var name = location.Path switch
            {
                [4, var message] => file.MessageType[message].Name,
                [4, var message, 2, var field] => $"{file.MessageType[message].Name}.{file.MessageType[message].Field[field].Name}",
                _ => null,
            };
            if (name is not null)
            {
                _texts[$"{file.Package}.{name}"] = Text(location);
            }
        }
    }

    private static string Text(SourceCodeInfo.Types.Location location) =>
        string.Join(' ', $"{location.LeadingComments}\n{location.TrailingComments}".Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
