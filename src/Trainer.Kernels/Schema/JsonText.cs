using System.Text;
using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>Values as the text of a job's JSON form, both ways.</summary>
internal static class JsonText
{
    /// <param name="json">The text.</param>
    /// <param name="path">What errors call it.</param>
    /// <exception cref="ModelException">With the path of what is wrong with it.</exception>
    public static T Read<T>(string json, string path) => JsonValue.Parse(json, path, value => (T)ValueForm.Of(typeof(T)).Read(value));

    /// <summary>The word for a member of an enumeration.</summary>
    public static string WordOf<T>(T value)
        where T : struct, Enum => ((WordForm)ValueForm.Of(typeof(T))).WordOf(value);

    public static string Write<T>(T value)
        where T : notnull => Text(json => ValueForm.Of(typeof(T)).Write(json, value));

    /// <summary>An object of the fields that <paramref name="fields"/> writes.</summary>
    public static string Write(Action<Utf8JsonWriter> fields) => Text(json =>
    {
        json.WriteStartObject();
        fields(json);
        json.WriteEndObject();
    });

    private static string Text(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
