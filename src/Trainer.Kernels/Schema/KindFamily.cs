using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;

namespace Trainer.Kernels.Schema;

/// <summary>
/// The classes of a family by the words that name them in job files. The classes themselves are the list: each that is public, derives from the family's class
/// and has a <see cref="KindAttribute"/>.
/// </summary>
internal sealed class KindFamily
{
    private readonly FrozenDictionary<string, OptionSchema> _kinds;
    private readonly OptionSchema? _default;

    public KindFamily(Type family)
    {
        _kinds = family.Assembly.GetTypes()
            .Where(type => type.IsPublic && type.IsSubclassOf(family) && type.IsDefined(typeof(KindAttribute), inherit: false))
            .ToFrozenDictionary(KindAttribute.WordOf, type => new OptionSchema(type), StringComparer.Ordinal);
        _default = _kinds.Values.SingleOrDefault(schema => schema.Type.GetCustomAttribute<KindAttribute>()!.IsDefault);
        Words = [.. _kinds.Keys.Order(StringComparer.Ordinal)];
        Beside = [.. family.GetProperties().Where(property => property.IsDefined(typeof(BesideKindAttribute))).Select(property => new Option(property, null))];
    }

    public IReadOnlyList<string> Words { get; }

    /// <summary>Options that stand beside the kind.</summary>
    public IReadOnlyList<Option> Beside { get; }

    public OptionSchema this[string word] => _kinds[word];

    /// <exception cref="ModelException">With the path of what is wrong.</exception>
    public object Read(JsonValue value)
    {
        var fields = value.Fields("an object that names one kind");
        var beside = Beside.Where(option => fields.ContainsKey(option.Name)).Select(option => (option, option.Form.Read(fields[option.Name]))).ToList();
        var kinds = fields.Where(field => !Beside.Any(option => option.Name == field.Key)).ToList();
        var instance = kinds switch
        {
            [var (word, options)] => _kinds.TryGetValue(word, out var schema) ? schema.Read(options) : throw options.Refuse($"no such kind{DidYouMean.Hint(word, Words)}"),
            [] when beside.Count > 0 && _default is not null => _default.Make(option => option.Standard),
            _ => throw value.Refuse($"names {kinds.Count} kinds; expected one of {string.Join(", ", Words)}"),
        };
        beside.ForEach(given => given.option.Set(instance, given.Item2));
        return instance;
    }

    public void Write(Utf8JsonWriter json, object instance)
    {
        json.WriteStartObject();
        foreach (var option in Beside.Where(option => option.Get(instance) is not null))
        {
            json.WritePropertyName(option.Name);
            option.Form.Write(json, option.Get(instance)!);
        }

        var word = KindAttribute.WordOf(instance.GetType());
        json.WriteStartObject(word);
        _kinds[word].Write(json, instance);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
