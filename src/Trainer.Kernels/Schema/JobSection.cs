using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>
/// A section of a job in its JSON form, of which everybody reads what concerns him. What he leaves concerns others: the reader of job files has refused what nobody knows.
/// </summary>
internal sealed class JobSection(JsonValue value)
{
    private readonly OrderedDictionary<string, JsonValue> _fields = value.Fields();

    public bool Has(string name) => _fields.ContainsKey(name);

    /// <summary>The value of a field; null: it is not there.</summary>
    public T? Get<T>(string name) => _fields.TryGetValue(name, out var field) ? (T)ValueForm.Of(typeof(T)).Read(field) : default;

    /// <exception cref="ModelException">It is not there.</exception>
    public T Require<T>(string name) => _fields.ContainsKey(name) ? Get<T>(name)! : throw value.Member(name).Refuse("missing");
}

/// <summary>The way back of <see cref="JobSection"/>.</summary>
internal sealed class JobSectionWriter(Utf8JsonWriter json)
{
    /// <param name="value">Null: the field is left out.</param>
    public void Put<T>(string name, T? value)
    {
        if (value is not null)
        {
            json.WritePropertyName(name);
            ValueForm.Of(typeof(T)).Write(json, value);
        }
    }
}
